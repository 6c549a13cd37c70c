import { systemClock } from '../../../base/clock.ts';
import type { ThreadServer } from '../../../base/thread-server.ts';
import { loadLibc } from './libc.ts';
import type { ThreadSetup, WatchEvent, WatchProtocol } from './messages.ts';
import { WatchCore } from './watch-core.ts';

const LONGEST_WAIT_MS = 250;

/**
 * The inside of the watching thread, kept apart from the main one so that the kernel's queue is read in time
 * however busy that is.
 *
 *   turning ──nothing to do──▶ waiting ──event, request, something due──▶ turning
 *      └──── close ────▶ ended
 *
 * With kernel events the wait is a blocking poll(2) on the inotify queue and on a counter that the main thread
 * raises with each message; between two polls the event loop runs once, so that messages are taken in. The wait
 * is bounded, since a thread inside poll(2) delays the exit of a process that did not stop the watch.
 * (koffi can hang the descriptor into the event loop instead, but ending the thread then crashes: seen with 3.3.4.)
 * Without kernel events the wait is a timer.
 */
export async function watchServer(
  setup: ThreadSetup,
  sendEvent: (event: WatchEvent) => void,
): Promise<ThreadServer<WatchProtocol>> {
  const { descriptors } = setup;
  const libc = descriptors ? await loadLibc() : undefined;
  const core = new WatchCore({
    ...setup,
    libc,
    monotonicMs: systemClock.monotonicMs,
    nowMs: systemClock.nowMs,
    sendEvent,
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
  /** A request may bring something to do. */
  const thenWait = <Done>(done: Done): Done => {
    waitThenTurn();
    return done;
  };
  turn();

  return {
    handlers: {
      'add-root': path => thenWait(core.addRoot(path)),
      'remove-root': path => thenWait(core.removeRoot(path)),
      sweep: ({ deep }) => thenWait(core.sweep(deep)),
      forget: paths => thenWait(core.forget(paths)),
      fault: fault => (fault === 'crash' ? crash() : thenWait(core.pauseEvents(fault === 'pause-events'))),
    },
    close: () => cancelWait(),
  };
}

/** Outside of the request, whose failure would only be replied. */
function crash(): Promise<never> {
  setImmediate(() => {
    throw new Error('crash asked for');
  });
  return new Promise(() => undefined);
}
