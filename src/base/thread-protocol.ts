import type { ErrorRecord } from './errors.ts';

/**
 * What may be said between a `ThreadClient` and the thread that `serveThread` serves. All of it is plain data, fit for
 * postMessage.
 */
export interface ThreadProtocol {
  /** By name: what is asked, what is replied, and what is sent while it is worked on. */
  readonly requests: {
    readonly [name: string]: {
      readonly request: unknown;
      readonly reply: unknown;
      readonly progress?: unknown;
    };
  };
  /** What the thread says unasked. */
  readonly event?: unknown;
}

export type RequestName<P extends ThreadProtocol> = keyof P['requests'] & string;
/** One of the three of a request. */
export type Payload<
  P extends ThreadProtocol,
  N extends RequestName<P>,
  K extends 'request' | 'reply' | 'progress',
> = P['requests'][N][K];

/** On the way to a thread. A request without an id is not replied to. */
export type ToThread =
  | {
      readonly type: 'request';
      readonly id?: number;
      readonly name: string;
      readonly body: unknown;
      /** Of whoever asks; the thread works under it. */
      readonly lease?: SharedArrayBuffer | undefined;
    }
  | { readonly type: 'abort'; readonly id: number; readonly error: ErrorRecord }
  | { readonly type: 'close' };

/** On the way from a thread, in the order in which it was sent. */
export type FromThread =
  | { readonly type: 'progress'; readonly id: number; readonly body: unknown }
  | { readonly type: 'reply'; readonly id: number; readonly body: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorRecord }
  | { readonly type: 'event'; readonly body: unknown };
