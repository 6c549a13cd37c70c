import type http from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../../base/clock.ts';

/**
 * How long a connection is still read after its write side broke. What a server sent before its reset waits in the
 * kernel, and the end of the connection follows it: this long only where neither comes.
 */
const READ_ON_MS = 1000;

type Callback = (error?: Error | null) => void;

/**
 * Makes an agent's connections read on after a failed write. A server that refuses a body answers, closes and resets;
 * Node destroys a socket with the first write that meets the reset, and the answer with it, though it may have arrived.
 * Here the failure is withheld until the connection has closed, or `READ_ON_MS` have passed; so an answer comes first,
 * and a connection that is lost without one still fails.
 */
export function answerFirst<A extends http.Agent>(agent: A, clock: Pick<Clock, 'timer'>): A {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    // A connection through a proxy comes by the callback, once the tunnel is made.
    const connection = connect(options, (error, made) => {
      if (made && made !== connection) withholdWriteErrors(made, clock);
      callback?.(error, made);
    });
    if (connection) withholdWriteErrors(connection, clock);
    return connection;
  };
  return agent;
}

function withholdWriteErrors(connection: Duplex, clock: Pick<Clock, 'timer'>): void {
  const withheld =
    (callback: Callback): Callback =>
    error => {
      if (!error || connection.destroyed) return callback(error);
      let isReleased = false;
      const release = (): void => {
        if (isReleased) return;
        isReleased = true;
        connection.off('close', release);
        cancelTimer();
        callback(error);
      };
      // After a turn of the loop: whatever has arrived by then has been read.
      const cancelTimer = clock.timer(READ_ON_MS, () => setImmediate(release));
      connection.once('close', release);
    };
  const write = connection._write.bind(connection);
  connection._write = (chunk, encoding, callback) => write(chunk, encoding, withheld(callback));
  const writeAll = connection._writev?.bind(connection);
  if (writeAll) connection._writev = (chunks, callback) => writeAll(chunks, withheld(callback));
}
