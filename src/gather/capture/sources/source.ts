/** Larger ones are no readings. */
export const MAX_READING_BYTES = 16 * 2 ** 20;

/** What a reading is; `auto` tells JSON, text and binary apart. */
export type ReadingFormat = 'auto' | 'json' | 'text' | 'binary';

/** What a source yielded: bytes with what is known of their kind, or a value that is JSON already. */
export type RawReading =
  | {
      readonly bytes: Buffer;
      readonly contentType?: string;
      readonly extension?: string;
      readonly topic?: string;
    }
  | { readonly json: string };

/** What yields readings when asked. */
export interface ReadingSource {
  /**
   * Takes one reading; undefined for one that was filtered out on purpose. May answer at once or later, and is not
   * called again before it has answered. Throws or rejects a SluiceError; gives up when `signal` aborts, which
   * it does after the collector's time-out.
   */
  read(signal: () => AbortSignal): RawReading | undefined | Promise<RawReading | undefined>;
  /** Lets go of what it holds. */
  close(): Promise<void>;
}

/** What yields readings on its own. */
export interface PushSource {
  /**
   * Calls `onReading` for each, in order, until closed. `onError` is called with what went wrong; it goes on by itself.
   */
  listen(onReading: (raw: RawReading) => void, onError: (error: unknown) => void): void;
  close(): Promise<void>;
}
