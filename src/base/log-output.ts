import { type DestinationStream, pino } from 'pino';
import { folded } from './columns.ts';
import type { Logger, LogLevel } from './log.ts';
import { escapeForTerminal, withoutControls } from './text.ts';

/**
 * A JSON line a record to `destination`, or lines for people when `forPeople`. Always standard error:
 * standard output belongs to what a command prints.
 */
export async function createLogger(options: {
  readonly level: LogLevel;
  readonly forPeople: boolean;
  readonly destination?: DestinationStream;
}): Promise<Logger> {
  const destination =
    options.destination ??
    (options.forPeople ? await linesForPeople() : pino.destination({ fd: 2, sync: true }));
  const { level } = options;
  // Lines for people are printed as they are; in JSON what JSON leaves as it is, is escaped.
  const streamWrite = options.forPeople ? withoutControls : escapeForTerminal;
  const logger: Logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite } },
    destination,
  );
  return logger;
}

/** Standard error as a terminal: each record folded to its columns. */
async function linesForPeople(): Promise<DestinationStream> {
  const { prettyFactory } = (await import('pino-pretty')).default;
  const inWords = prettyFactory({
    colorize: !process.env.NO_COLOR,
    ignore: 'pid,hostname',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
  });
  const { stderr } = process;
  return { write: record => void stderr.write(folded(inWords(record), stderr.columns || 80)) };
}
