import type { Raw } from '../reading.ts';

/** What yields readings when asked. */
export interface ReadingSource {
  /**
   * Takes one reading; undefined for one that was filtered out on purpose (V6). May answer at once or later, and is not
   * called again before it has answered. Throws or rejects a SluiceError; gives up when `signal` aborts, which
   * it does after the collector's time-out.
   */
  read(signal: () => AbortSignal): Raw | undefined | Promise<Raw | undefined>;
  /** Lets go of what it holds. */
  close(): Promise<void>;
}

/** What yields readings on its own. */
export interface PushSource {
  /** Calls `onReading` for each, in order, until closed. `onError` tells of what went wrong; it goes on by itself. */
  listen(onReading: (raw: Raw) => void, onError: (error: unknown) => void): void;
  close(): Promise<void>;
}
