import type { Clock } from '../../../base/clock.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { Run } from '../../../keep/store/types.ts';

/** Another process may end a run (a bake on the command line), so that waiting reads the row now and then, too. */
const CHECK_EVERY_MS = 1_000;

/** Lets callers wait for runs to end. */
export interface RunWaiters {
  /** Resolves once the run has ended; rejects with the signal's reason. */
  wait(id: number, signal: AbortSignal): Promise<Run>;
  /** Some run has ended: whoever waits reads its run again at once. */
  wake(): void;
}

/** Waits on the rows of `runs`, which is asked at each use. */
export function createRunWaiters(runs: () => Store['runs'], clock: Clock): RunWaiters {
  let woken = Promise.withResolvers<void>();
  return {
    async wait(id, signal) {
      for (;;) {
        const wake = woken.promise;
        const run = await runs().byId(id);
        if (run && run.finishedAtMs !== null) return run;
        const timer = new AbortController();
        try {
          await Promise.race([wake, clock.sleep(CHECK_EVERY_MS, AbortSignal.any([signal, timer.signal]))]);
        } finally {
          timer.abort();
        }
      }
    },
    wake() {
      woken.resolve();
      woken = Promise.withResolvers<void>();
    },
  };
}
