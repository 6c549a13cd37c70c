import { Worker } from 'node:worker_threads';
import { fromErrorRecord, SluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { Service } from '../../../base/lifecycle.ts';
import { threadEnvironment } from '../../../base/thread-environment.ts';
import type { BakeProgress, BakeSummary } from '../bake/bake.ts';
import type { BakeJob } from '../bake/job.ts';
import type { ChurnJob, ChurnProgress } from '../churn/job.ts';
import type { ChurnPassResult } from '../churn/pass.ts';
import type { RemoteCheckJob } from '../sync/remote-check.ts';
import type { FromThread, ThreadSettings, ToThread } from './messages.ts';

/**
 * Threads that bake, so that the one that answers HTTP never waits for a large history.
 *
 * A thread: absent ──first bake──▶ up ──close──▶ ending ──▶ absent
 *                     ▲             │ crash: its bakes fail, the next bake makes it anew
 *                     └─────────────┘
 */
export interface BakeThreads extends Service {
  /** Bakes in the thread with the fewest bakes. Rejects as `bake` does; aborting `signal` stops git and rejects. */
  run(job: BakeJob, signal: AbortSignal, onProgress: (progress: BakeProgress) => void): Promise<BakeSummary>;
  /** Checks a remote there, as `isRemoteUnchanged` does. */
  look(job: RemoteCheckJob, signal: AbortSignal): Promise<boolean>;
  /** One turn of a repository's churn, likewise; rejects as `churnSlice` does. */
  churn(job: ChurnJob, signal: AbortSignal): Promise<ChurnPassResult>;
}

/** What has been asked of a thread and is not answered. */
interface Pending {
  readonly resolve: (answer: FromThread) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: (progress: BakeProgress | ChurnProgress) => void;
}

/** What can be asked of a thread. */
type Task =
  | { readonly type: 'bake'; readonly job: BakeJob }
  | { readonly type: 'look'; readonly job: RemoteCheckJob }
  | { readonly type: 'churn'; readonly job: ChurnJob };

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  readonly ended: Promise<void>;
}

/**
 * Rows live for milliseconds; without limits V8 lets them pile up for some 10 MiB more before it looks. The old space has room
 * for the refs of the largest repositories.
 */
const LIMITS = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 1024 };

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
      resourceLimits: LIMITS,
      // The wide pipe of git (git/wide-pipe.ts) opens its descriptors past Node, which would warn of each.
      trackUnmanagedFds: false,
    });
    const pending = new Map<number, Pending>();
    const failAll = (error: unknown): void => {
      if (threads[index] === thread) threads[index] = undefined;
      for (const one of pending.values()) one.reject(error);
      pending.clear();
    };
    const ended = new Promise<void>(resolve => {
      worker.once('exit', () => {
        failAll(new SluiceError('internal', 'a bake thread ended unexpectedly', { retry: 'transient' }));
        resolve();
      });
    });
    const thread: Thread = { worker, pending, ended };
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
    const load = threads.map(thread => thread?.pending.size ?? 0);
    const index = load.indexOf(Math.min(...load));
    return threads[index] ?? startThread(index);
  };

  const ask = (task: Task, signal: AbortSignal, onProgress: Pending['onProgress']): Promise<FromThread> => {
    if (stopped) return Promise.reject(new SluiceError('stopping', 'the station is stopping'));
    if (signal.aborted) return Promise.reject(signal.reason);
    const thread = leastBusy();
    lastId += 1;
    const id = lastId;
    const send = (message: ToThread): void => thread.worker.postMessage(message);
    const onAbort = (): void => send({ type: 'abort', id, error: toErrorRecord(signal.reason) });
    const result = new Promise<FromThread>((resolve, reject) => {
      thread.pending.set(id, { resolve, reject, onProgress });
    });
    signal.addEventListener('abort', onAbort, { once: true });
    send({ ...task, id });
    return result.finally(() => signal.removeEventListener('abort', onAbort));
  };

  return {
    name: 'bake threads',
    async start() {},
    async run(job, signal, onProgress) {
      const told = (progress: BakeProgress | ChurnProgress): void => {
        if (progress.phase !== 'churn') onProgress(progress);
      };
      const answer = await ask({ type: 'bake', job }, signal, told);
      if (answer.type !== 'done') throw unexpected(answer);
      return answer.summary;
    },
    async look(job, signal) {
      const answer = await ask({ type: 'look', job }, signal, () => undefined);
      if (answer.type !== 'looked') throw unexpected(answer);
      return answer.nothingNew;
    },
    async churn(job, signal) {
      const answer = await ask({ type: 'churn', job }, signal, () => undefined);
      if (answer.type !== 'churned') throw unexpected(answer);
      return answer.result;
    },
    async stop() {
      stopped = true;
      const up = threads.filter(thread => thread !== undefined);
      for (const { worker } of up) worker.postMessage({ type: 'close' } satisfies ToThread);
      await Promise.all(up.map(({ ended }) => ended));
    },
  };
}

function receive({ pending }: Thread, message: FromThread): void {
  const one = pending.get(message.id);
  if (!one) return;
  if (message.type === 'progress') {
    one.onProgress(message.progress);
    return;
  }
  pending.delete(message.id);
  if (message.type === 'failed') one.reject(fromErrorRecord(message.error));
  else one.resolve(message);
}

function unexpected({ type }: FromThread): SluiceError {
  return new SluiceError('internal', `a bake thread answered "${type}" to something else`);
}
