import type { Service } from '../../../base/lifecycle.ts';
import { Repeating } from '../../../base/repeating.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import { withCloneClaim } from '../clone/claim.ts';
import type { RepositoryContext } from '../context.ts';
import type { CloneCache } from './clone-cache.ts';

const FIRST_AFTER_MS = 60_000;
const EVERY_MS = 3_600_000;

/**
 * Takes clones off this machine's disk whose repositories are known no more: whoever forgets one removes the clone on its
 * own machine, and other stations that share the store have clones of their own.
 * @returns how many went
 */
export async function removeForgottenClones(
  context: Pick<RepositoryContext, 'store' | 'queue' | 'clock' | 'log'> & { readonly cache: CloneCache },
  signal: AbortSignal,
): Promise<number> {
  const { store, queue, clock, log, cache } = context;
  const worker = newWorkerId();
  let removed = 0;
  for (const { url } of await cache.list()) {
    signal.throwIfAborted();
    if (await store.repositories.byUrl(url)) continue;
    const result = await withCloneClaim(url, { queue, worker, clock }, signal, async () => {
      // Named again meanwhile, it is baked as soon as the claim is given back.
      if (await store.repositories.byUrl(url)) return false;
      await cache.forget(url);
      return true;
    });
    if (result !== true) continue;
    removed += 1;
    log.info({ target: url }, 'the clone of a repository that was forgotten elsewhere is removed');
  }
  return removed;
}

/**
 * Does so now and then.
 *
 *   idle ──start()──▶ waiting ──FIRST_AFTER_MS, then every EVERY_MS──▶ removing ──▶ waiting ──stop()──▶ stopped
 */
export function forgottenClones(
  context: Pick<RepositoryContext, 'store' | 'queue' | 'clock' | 'log'> & { readonly cache: CloneCache },
): Service {
  let pauseMs = FIRST_AFTER_MS;
  const rounds = new Repeating({
    clock: context.clock,
    pauseMs: () => pauseMs,
    async work(signal) {
      pauseMs = EVERY_MS;
      try {
        await removeForgottenClones(context, signal);
      } catch (error) {
        if (signal.aborted) return;
        context.log.warn({ err: error }, 'could not look for clones of forgotten repositories');
      }
    },
  });
  return {
    name: 'forgotten clones',
    async start() {
      rounds.start();
    },
    stop: () => rounds.stop(),
  };
}
