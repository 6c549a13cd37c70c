import type { Clock } from '../../../base/clock.ts';
import type { Logger, LogLevel, LogMethod } from '../../../base/log.ts';
import { systemRandom } from '../../../base/random.ts';
import type { ThreadServer } from '../../../base/thread-server.ts';
import { Collectors } from '../collectors/collectors.ts';
import type { CollectorStatus } from '../collectors/status.ts';
import { fineTickTimer } from '../collectors/tick-timer.ts';
import type { FinishedFile } from '../files/collector-files.ts';
import type { CapturePlan } from '../settings.ts';
import { loadSources } from '../sources/definitions.ts';

type Level = Exclude<LogLevel, 'silent'>;

/** What the capture thread says unasked. A file is announced before the reply to what completed it. */
export type CaptureEvent =
  | { readonly type: 'finished'; readonly finished: FinishedFile }
  | {
      readonly type: 'log';
      readonly level: Level;
      readonly facts: object;
      readonly message: string;
    };

export interface CaptureProtocol {
  readonly requests: {
    readonly configure: { readonly request: CapturePlan; readonly reply: undefined };
    /** Complete every file in progress, before a sync. */
    readonly complete: { readonly request: undefined; readonly reply: undefined };
    readonly status: { readonly request: undefined; readonly reply: readonly CollectorStatus[] };
  };
  readonly event: CaptureEvent;
}

/**
 * The inside of the capture thread: collectors of its own, so that neither HTTP nor a burst of deliveries delays a
 * reading. Its end completes every file.
 */
export function captureServer(
  clock: Clock,
  sendEvent: (event: CaptureEvent) => void,
): ThreadServer<CaptureProtocol> {
  const collectors = new Collectors({
    clock,
    timer: fineTickTimer(clock),
    random: systemRandom,
    log: eventLogger(sendEvent),
    openSources: ({ database, isStoreShared, station, broker }) =>
      loadSources({ clock, database, isStoreShared, station, broker }),
    onFinished: finished => sendEvent({ type: 'finished', finished }),
  });
  return {
    handlers: {
      configure: plan => collectors.configure(plan),
      complete: () => collectors.complete('sync'),
      status: () => collectors.status(),
    },
    close: () => collectors.stop(),
  };
}

/** Log lines are written by the station's thread. */
function eventLogger(sendEvent: (event: CaptureEvent) => void): Logger {
  const at =
    (level: Level): LogMethod =>
    (facts: object | string, message?: string): void =>
      sendEvent(
        typeof facts === 'string'
          ? { type: 'log', level, facts: {}, message: facts }
          : { type: 'log', level, facts, message: message ?? '' },
      );
  const logger: Logger = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    child: () => logger,
  };
  return logger;
}
