import type { Service } from '../../../base/lifecycle.ts';
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
 *   idle ──start()──▶ waiting ──FIRST_AFTER_MS, then every EVERY_MS──▶ removing ──▶ waiting ──stop()──▶ idle
 */
export function forgottenClones(
  context: Pick<RepositoryContext, 'store' | 'queue' | 'clock' | 'log'> & { readonly cache: CloneCache },
): Service {
  const stopping = new AbortController();
  let running = Promise.resolve();
  let cancel = (): void => undefined;
  const later = (ms: number): void => {
    cancel = context.clock.timer(ms, () => {
      running = removeForgottenClones(context, stopping.signal).then(
        () => undefined,
        error => {
          if (!stopping.signal.aborted)
            context.log.warn({ err: error }, 'could not look for clones of forgotten repositories');
        },
      );
      void running.then(() => {
        if (!stopping.signal.aborted) later(EVERY_MS);
      });
    });
  };
  return {
    name: 'forgotten clones',
    async start() {
      later(FIRST_AFTER_MS);
    },
    async stop() {
      stopping.abort();
      cancel();
      await running;
    },
  };
}
