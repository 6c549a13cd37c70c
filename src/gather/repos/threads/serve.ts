import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../../base/clock.ts';
import { fromErrorRecord, toErrorRecord } from '../../../base/errors.ts';
import type { Store } from '../../../keep/store/store.ts';
import { type BakeProgress, bake } from '../bake/bake.ts';
import { type ChurnProgress, churnSlice } from '../churn/job.ts';
import { isRemoteUnchanged } from '../sync/remote-check.ts';
import type { FromThread, ToThread } from './messages.ts';

type Task = Extract<ToThread, { type: 'bake' | 'look' | 'churn' }>;

/** Progress is sent on at most this often. */
const PROGRESS_EVERY_MS = 200;

/**
 * The inside of a bake thread: bakes what the station asks for with a store of its own, until it is told to
 * close. Several bakes may be asked for at once; they share the thread.
 */
export function serveBakes(
  port: MessagePort,
  tools: { readonly store: Promise<Store>; readonly clock: Clock },
): void {
  const running = new Map<number, AbortController>();
  const answer = (message: FromThread): void => port.postMessage(message);

  const progressOf = (id: number): ((progress: BakeProgress | ChurnProgress) => void) => {
    let sentAtMs = Number.NEGATIVE_INFINITY;
    return progress => {
      const nowMs = tools.clock.monotonicMs();
      if (nowMs - sentAtMs < PROGRESS_EVERY_MS) return;
      sentAtMs = nowMs;
      answer({ type: 'progress', id, progress });
    };
  };

  const run = async (task: Task): Promise<void> => {
    const { id } = task;
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const store = await tools.store;
      const { signal } = controller;
      if (task.type === 'look') {
        answer({ type: 'looked', id, nothingNew: await isRemoteUnchanged(task.job, { store, signal }) });
        return;
      }
      const inside = { store, clock: tools.clock, signal, onProgress: progressOf(id) };
      if (task.type === 'bake') answer({ type: 'done', id, summary: await bake(task.job, inside) });
      else answer({ type: 'churned', id, result: await churnSlice(task.job, inside) });
    } catch (error) {
      answer({ type: 'failed', id, error: toErrorRecord(error) });
    } finally {
      running.delete(id);
    }
  };

  const close = async (): Promise<void> => {
    // A store that never opened has already failed every bake; there is nothing to close then.
    const store = await tools.store.catch(() => undefined);
    await store?.close();
    port.close();
  };

  port.on('message', (message: ToThread) => {
    if (message.type === 'bake' || message.type === 'look' || message.type === 'churn') void run(message);
    else if (message.type === 'abort') running.get(message.id)?.abort(fromErrorRecord(message.error));
    else void close();
  });
}
