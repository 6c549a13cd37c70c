import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../../base/clock.ts';
import { toErrorRecord } from '../../../base/errors.ts';
import type { Logger, LogMethod } from '../../../base/log.ts';
import { systemRandom } from '../../../base/random.ts';
import { threadPace } from '../pace.ts';
import { CaptureRunner } from '../runner.ts';
import { loadSources } from '../sources/definitions.ts';
import type { FromCapture, ToCapture } from './messages.ts';

/**
 * The inside of the capture thread: collectors of its own, so that neither HTTP nor a burst of deliveries delays a
 * reading. Ends with `stop`.
 */
export function serveCapture(
  port: MessagePort,
  { clock, queryEntry }: { readonly clock: Clock; readonly queryEntry: URL },
): void {
  const send = (message: FromCapture): void => port.postMessage(message);
  const runner = new CaptureRunner({
    clock,
    pace: threadPace(clock),
    random: systemRandom,
    log: portLogger(send),
    openSources: ({ database, station, broker }) =>
      loadSources({ clock, queryEntry, database, station, broker }),
    onFinished: finished => send({ type: 'finished', finished }),
  });
  const act = async (message: ToCapture): Promise<void> => {
    const { id } = message;
    try {
      if (message.type === 'configure') await runner.configure(message.plan);
      else if (message.type === 'complete') await runner.complete('sync');
      else if (message.type === 'stop') await runner.stop();
      send({ type: 'done', id, ...(message.type === 'status' ? { status: runner.status() } : {}) });
    } catch (error) {
      send({ type: 'failed', id, error: toErrorRecord(error) });
    }
    if (message.type === 'stop') port.close();
  };
  port.on('message', (message: ToCapture) => void act(message));
}

/** Log lines are written by the station's thread. */
function portLogger(send: (message: FromCapture) => void): Logger {
  const at =
    (level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'): LogMethod =>
    (facts: object | string, message?: string): void =>
      send(
        typeof facts === 'string'
          ? { type: 'log', level, facts: {}, message: facts }
          : { type: 'log', level, facts, message: message ?? '' },
      );
  const logger: Logger = {
    ...{ trace: at('trace'), debug: at('debug'), info: at('info') },
    ...{ warn: at('warn'), error: at('error'), fatal: at('fatal') },
    child: () => logger,
  };
  return logger;
}
