import type { Clock } from '../base/clock.ts';
import type { Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import { openNotifySocket } from '../base/notify-socket.ts';
import { Repeating } from '../base/repeating.ts';

/**
 * Says to systemd (sd_notify(3)) how the station is: that it is ready once all is up, that it is alive as often as the
 * watchdog wants, that it stops. Where nobody listens (no `NOTIFY_SOCKET`), it does nothing. It is the last service to
 * start and the first to stop.
 *
 *   idle ──start──▶ ready, alive every half of WATCHDOG_USEC ──stop──▶ stopping
 */
export function serviceManager(options: {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Logger;
  readonly status: () => string;
}): Service {
  const { env, clock, log, status } = options;
  const path = env.NOTIFY_SOCKET;
  let say: ((message: string) => void) | undefined;
  let close = (): void => undefined;
  let beats: Repeating | undefined;
  return {
    name: 'service manager',
    async start() {
      if (!path || say) return;
      try {
        const socket = await openNotifySocket(path);
        close = () => socket.close();
        say = message => {
          try {
            socket.send(message);
          } catch (error) {
            log.warn({ err: error }, 'systemd could not be told how the station is');
          }
        };
      } catch (error) {
        log.warn({ err: error }, 'systemd cannot be told how the station is');
        return;
      }
      say(`READY=1\nSTATUS=${status()}`);
      const everyMs = watchdogMs(env, process.pid);
      if (everyMs === undefined) return;
      // A station whose event loop stands still does not come here: that is what the watchdog is for.
      beats = new Repeating({ clock, pauseMs: () => everyMs, work: () => say?.('WATCHDOG=1') });
      beats.start();
    },
    async stop() {
      await beats?.stop();
      say?.('STOPPING=1');
      say = undefined;
      close();
      close = () => undefined;
    },
  };
}

/**
 * How often to say that we are alive: twice as often as the watchdog wants. Undefined where it wants nothing, or of
 * another process (sd_watchdog_enabled(3)). Pure.
 */
export function watchdogMs(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { WATCHDOG_USEC = '', WATCHDOG_PID } = env;
  if (!/^[1-9]\d*$/.test(WATCHDOG_USEC)) return undefined;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid)) return undefined;
  return Math.max(1, Math.floor(Number(WATCHDOG_USEC) / 2000));
}
