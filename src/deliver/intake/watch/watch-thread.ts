import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../base/clock.ts';
import { loadLibc } from './libc.ts';
import type { Request, ThreadSetup } from './messages.ts';
import { WatchCore } from './watch-core.ts';

/**
 * Entry of the watching thread, kept apart from the main one so that the kernel's queue is read in time
 * however busy that is.
 *
 *   turning ──nothing to do──▶ waiting ──event, request, something due──▶ turning
 *      └──── stop ────▶ ended                                (stop is a request too)
 *
 * With kernel events the wait is a blocking poll(2) on the inotify queue and on a counter that the main thread
 * raises with each request; between two polls the event loop runs once, so that requests are taken in. The wait
 * is bounded, since a thread inside poll(2) delays the exit of a process that did not stop the watch.
 * (koffi can hang the descriptor into the event loop instead, but ending the thread then crashes: seen with 3.3.4.)
 * Without kernel events the wait is a timer.
 */
const LONGEST_WAIT_MS = 250;

async function main(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('watch-thread.ts runs as a worker thread only');
  const setup = workerData as ThreadSetup;
  const { descriptors } = setup;
  const libc = descriptors ? await loadLibc() : undefined;
  const core = new WatchCore({
    ...setup,
    libc,
    monotonicMs: systemClock.monotonicMs,
    nowMs: systemClock.nowMs,
    send: answer => port.postMessage(answer),
  });
  let cancelWait = (): void => undefined;
  const counter = Buffer.alloc(8);

  const waitThenTurn = (): void => {
    cancelWait();
    const idleMs = core.idleMs();
    if (libc && descriptors) {
      // Rounded up: poll(2) counts whole milliseconds, and one too few would spin until the rest has passed.
      const timeoutMs = Math.ceil(Math.min(idleMs, LONGEST_WAIT_MS));
      const immediate = setImmediate(() => {
        libc.poll([descriptors.inotify, descriptors.wake], timeoutMs);
        libc.read(descriptors.wake, counter);
        turn();
      });
      cancelWait = () => clearImmediate(immediate);
    } else if (idleMs === 0) {
      const immediate = setImmediate(turn);
      cancelWait = () => clearImmediate(immediate);
    } else if (idleMs !== Number.POSITIVE_INFINITY) {
      cancelWait = systemClock.timer(idleMs, turn);
    }
  };
  const turn = (): void => {
    core.turn();
    waitThenTurn();
  };
  port.on('message', (request: Request) => {
    if (request.type === 'stop') {
      cancelWait();
      port.close();
      return;
    }
    core.request(request);
    waitThenTurn();
  });
  turn();
}

await main();
