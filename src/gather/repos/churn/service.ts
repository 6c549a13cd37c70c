import type { Service } from '../../../base/lifecycle.ts';
import type { Random } from '../../../base/random.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import { Workers } from '../../../engine/workers.ts';
import type { Repository } from '../../../keep/store/types.ts';
import type { ScheduleContext } from '../context.ts';
import { type ChurnContext, churnHandler, type RunningChurn } from './handler.ts';
import { CHURN_KIND, scheduleChurn, wantsChurn } from './schedule.ts';

/** A slice that is under way gets this long when the station stops; what it has stored stays. */
const DRAIN_MS = 500;

/** Churn as a service of the station: workers of its own, one repository at a time, beside those that bake. */
export function churnWorkers(
  context: Omit<ChurnContext, 'worker' | 'running'> & { readonly random: Random },
  running: RunningChurn,
): Service {
  const { queue, clock, random, log } = context;
  const worker = newWorkerId();
  const workers = new Workers({
    name: 'churn workers',
    queue,
    clock,
    random,
    log,
    worker,
    handlers: new Map([[CHURN_KIND, churnHandler({ ...context, worker, running })]]),
    concurrency: 1,
    timing: { drainMs: DRAIN_MS },
  });
  return {
    name: workers.name,
    async start() {
      await scheduleWantedChurn(context);
      await workers.start();
    },
    stop: () => workers.stop(),
  };
}

/** After a bake: what is new waits for its churn. */
export async function scheduleChurnAfterBake(
  repository: Repository,
  context: ScheduleContext,
): Promise<void> {
  if (!wantsChurn(repository, context.config())) return;
  await scheduleChurn([repository], { reason: 'after a bake', staysHere: true }, context);
}

/**
 * Everything whose churn is wanted: at start, and when the configuration has changed. What is complete ends at once.
 */
export async function scheduleWantedChurn(context: ScheduleContext): Promise<void> {
  const config = context.config();
  const wanted = (await context.store.repositories.list()).filter(
    repository => repository.lastBakedAtMs !== null && wantsChurn(repository, config),
  );
  await scheduleChurn(wanted, { reason: 'switched on, or interrupted', staysHere: false }, context);
}
