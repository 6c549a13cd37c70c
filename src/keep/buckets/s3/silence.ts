import type { Socket } from 'node:net';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';

/**
 * A process that stood still (stopped, paused with its machine, out of memory) has its timers run out before it reads
 * what came meanwhile. Here none decides before that is read: `setImmediate` runs once it is (nodejs.org, "The Node.js
 * Event Loop").
 */
const onceRead = setImmediate;

/** Calls back in `ms`, unless cancelled by what is returned. */
export function patience(clock: Pick<Clock, 'timer'>, ms: number, onOver: () => void): () => void {
  let isCancelled = false;
  const cancel = clock.timer(ms, () =>
    onceRead(() => {
      if (!isCancelled) onOver();
    }),
  );
  return () => {
    isCancelled = true;
    cancel();
  };
}

/** What follows a `timeout` of a connection: `onSilence`, unless something came in the end. */
export function silenceCheck(
  connection: () => Pick<Socket, 'bytesRead'> | null,
  host: string,
  idleTimeoutMs: number,
  onSilence: (error: SluiceError) => void,
): () => void {
  return () => {
    const before = connection()?.bytesRead;
    onceRead(() => {
      if (connection()?.bytesRead !== before) return;
      onSilence(new SluiceError('timed_out', `${host}: nothing moved for ${idleTimeoutMs} ms`));
    });
  };
}

/**
 * Ends a connection over which nothing moves for `idleTimeoutMs`. Node counts a socket as idle only while its write queue
 * does not shrink either, so a slow upload goes on as long as the kernel takes some of it.
 */
export function endOnSilence(socket: Socket, host: string, idleTimeoutMs: number): void {
  socket.setTimeout(idleTimeoutMs);
  socket.on(
    'timeout',
    silenceCheck(
      () => socket,
      host,
      idleTimeoutMs,
      error => socket.destroy(error),
    ),
  );
}
