import { Worker } from 'node:worker_threads';
import { fromErrorRecord, SluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { Part } from '../../../base/lifecycle.ts';
import { threadEnvironment } from '../../../base/thread-environment.ts';
import type { BakeJob, BakeProgress, BakeSummary } from '../bake.ts';
import type { FromThread, ThreadSettings, ToThread } from './messages.ts';

/**
 * Threads that bake, so that the one that answers HTTP never waits for a large history.
 *
 * A thread: absent ──first bake──▶ up ──close──▶ ending ──▶ absent
 *                     ▲             │ crash: its bakes fail, the next bake makes it anew
 *                     └─────────────┘
 */
export interface BakeThreads extends Part {
  /** Bakes in the thread with the fewest bakes. Rejects as `bake` does; aborting `signal` stops git and rejects. */
  run(job: BakeJob, signal: AbortSignal, onProgress: (progress: BakeProgress) => void): Promise<BakeSummary>;
}

interface PendingBake {
  readonly resolve: (summary: BakeSummary) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: (progress: BakeProgress) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly bakes: Map<number, PendingBake>;
  readonly ended: Promise<void>;
}

export function createBakeThreads(options: {
  /** The module that runs inside a thread: a composition root. */
  readonly entry: URL;
  readonly settings: ThreadSettings;
  readonly threads: number;
}): BakeThreads {
  const threads: (Thread | undefined)[] = Array.from({ length: options.threads });
  let lastId = 0;
  let stopped = false;

  const startThread = (index: number): Thread => {
    const worker = new Worker(options.entry, {
      workerData: options.settings,
      env: threadEnvironment(),
      // The wide pipe of git (git/wide-pipe.ts) opens its descriptors past Node, which would warn of each.
      trackUnmanagedFds: false,
    });
    const bakes = new Map<number, PendingBake>();
    const failAll = (error: unknown): void => {
      if (threads[index] === thread) threads[index] = undefined;
      for (const bake of bakes.values()) bake.reject(error);
      bakes.clear();
    };
    const ended = new Promise<void>(resolve => {
      worker.once('exit', () => {
        failAll(new SluiceError('internal', 'a bake thread ended unexpectedly', { retry: 'transient' }));
        resolve();
      });
    });
    const thread: Thread = { worker, bakes, ended };
    worker.on('error', error => {
      const message = `a bake thread crashed: ${error instanceof Error ? error.message : error}`;
      failAll(new SluiceError('internal', message, { cause: error, retry: 'transient' }));
    });
    worker.on('message', (message: FromThread) => receive(thread, message));
    // Only bakes keep the process alive, not threads that wait for one.
    worker.unref();
    threads[index] = thread;
    return thread;
  };

  const leastBusy = (): Thread => {
    const load = threads.map(thread => thread?.bakes.size ?? 0);
    const index = load.indexOf(Math.min(...load));
    return threads[index] ?? startThread(index);
  };

  return {
    name: 'bake threads',
    async start() {},
    run(job, signal, onProgress) {
      if (stopped) return Promise.reject(new SluiceError('stopping', 'the station is stopping'));
      if (signal.aborted) return Promise.reject(signal.reason);
      const thread = leastBusy();
      lastId += 1;
      const id = lastId;
      const send = (message: ToThread): void => thread.worker.postMessage(message);
      const onAbort = (): void => send({ type: 'abort', id, error: toErrorRecord(signal.reason) });
      const result = new Promise<BakeSummary>((resolve, reject) => {
        thread.bakes.set(id, { resolve, reject, onProgress });
      });
      signal.addEventListener('abort', onAbort, { once: true });
      send({ type: 'bake', id, job });
      return result.finally(() => signal.removeEventListener('abort', onAbort));
    },
    async stop() {
      stopped = true;
      const up = threads.filter(thread => thread !== undefined);
      for (const { worker } of up) worker.postMessage({ type: 'close' } satisfies ToThread);
      await Promise.all(up.map(({ ended }) => ended));
    },
  };
}

function receive({ bakes }: Thread, message: FromThread): void {
  const bake = bakes.get(message.id);
  if (!bake) return;
  if (message.type === 'progress') {
    bake.onProgress(message.progress);
    return;
  }
  bakes.delete(message.id);
  if (message.type === 'done') bake.resolve(message.summary);
  else bake.reject(fromErrorRecord(message.error));
}
