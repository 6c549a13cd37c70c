import type pg from 'pg';
import type { Clock } from '../../base/clock.ts';
import { quoteName } from './address.ts';

export interface Listening {
  /** Ends it. May be repeated. */
  close(): Promise<void>;
}

export interface ChannelOptions {
  readonly channel: string;
  readonly onNotification: (payload: string) => void;
  /** It listens now; whatever was notified before is lost. */
  readonly onConnected: () => void;
  readonly clock: Clock;
  /** A connection for this alone; rejects while there is none to be had. */
  readonly connect: () => Promise<pg.Client>;
}

/** How often a silent connection is asked whether it is still there. */
const CHECK_EVERY_MS = 10_000;
const AGAIN_AFTER_MS = 1_000;

/**
 * Listens to a channel until it is closed.
 *
 *   connecting ──LISTEN──▶ listening ──broken, or a check fails──▶ pausing ──AGAIN_AFTER_MS──▶ connecting
 */
export function listen({ channel, onNotification, onConnected, clock, connect }: ChannelOptions): Listening {
  const stop = new AbortController();
  const pause = (ms: number, until?: AbortSignal): Promise<void> =>
    clock.sleep(ms, until ? AbortSignal.any([stop.signal, until]) : stop.signal).catch(() => undefined);

  const once = async (): Promise<void> => {
    const client = await connect();
    const broken = new AbortController();
    client.once('end', () => broken.abort());
    client.on('notification', ({ payload = '' }) => onNotification(payload));
    try {
      await client.query(`LISTEN ${quoteName(channel)}`);
      onConnected();
      while (!stop.signal.aborted && !broken.signal.aborted) {
        await pause(CHECK_EVERY_MS, broken.signal);
        if (!stop.signal.aborted && !broken.signal.aborted) await client.query('SELECT 1');
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  };

  const running = (async () => {
    while (!stop.signal.aborted) {
      // Why it broke, the calls of everybody else tell.
      await once().catch(() => undefined);
      if (!stop.signal.aborted) await pause(AGAIN_AFTER_MS);
    }
  })();
  return {
    async close() {
      stop.abort();
      await running;
    },
  };
}
