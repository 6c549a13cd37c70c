/** From the most talkative to silence. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The logger as the rooms know it; pino, which fulfils it, is loaded only where lines are written (log-output.ts). */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** A logger whose every line carries these facts, too: the target and the run. */
  child(facts: Readonly<Record<string, unknown>>): Logger;
}

/** Facts first (an error under `err`), then the message; or the message alone. */
export interface LogMethod {
  (facts: object, message?: string): void;
  (message: string): void;
}

const nothing = (): void => undefined;

/** A logger that says nothing, for commands that print their own lines and for tests. */
export const silentLogger: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silentLogger,
};

/** A logger that says at debug level what `isKnown` of its facts: what is said elsewhere, once, and would be said by many. */
export function quietAbout(log: Logger, isKnown: (facts: object) => boolean): Logger {
  const at =
    (level: Exclude<LogLevel, 'silent'>): LogMethod =>
    (facts: object | string, message?: string) => {
      if (typeof facts === 'string') log[level](facts);
      else log[level !== 'trace' && isKnown(facts) ? 'debug' : level](facts, message);
    };
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: (facts: object | string, message?: string) => log.fatal(facts as object, message),
    child: facts => quietAbout(log.child(facts), isKnown),
  };
}
