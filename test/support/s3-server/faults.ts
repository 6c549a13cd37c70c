import type { OperationName } from './routes.ts';

/** What goes wrong with a request that a fault is meant for. */
export type FaultKind =
  /** The connection is reset once so many bytes of the body have come; 0: at once. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Nothing is read any more after so many bytes, and nothing is answered. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** The body is read at this pace. */
  | { readonly kind: 'slow'; readonly bytesPerTick: number; readonly tickMs: number }
  /** An error answer, before the body is read. Without `code` the answer has no body. */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly elements?: Readonly<Record<string, string>>;
    }
  /** An error document of which only the beginning is sent. */
  | { readonly kind: 'truncated-xml'; readonly status: number; readonly code: string }
  /** A web page, as proxies and captive portals send. */
  | { readonly kind: 'html'; readonly status: number }
  /** Done as asked, but the answer names another CRC32. */
  | { readonly kind: 'wrong-checksum' }
  /** Done as asked, but the connection is reset before the answer. */
  | { readonly kind: 'lost-answer' };

export type Fault = FaultKind & {
  readonly operation?: OperationName;
  readonly key?: string;
  /** Requests that it strikes; 1 by default. */
  readonly times?: number;
};

/** Faults waiting for their requests; the first that fits strikes. */
export class Faults {
  #waiting: { fault: Fault; left: number }[] = [];

  add(...faults: readonly Fault[]): void {
    for (const fault of faults) this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#waiting = [];
  }

  take(operation: OperationName, key: string | undefined): Fault | undefined {
    const found = this.#waiting.find(
      ({ fault }) =>
        (fault.operation === undefined || fault.operation === operation) &&
        (fault.key === undefined || fault.key === key),
    );
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#waiting.splice(this.#waiting.indexOf(found), 1);
    return found.fault;
  }
}

/** Standing departures from the norm, such as real providers have (D-6); may be changed while the server runs. */
export interface Quirks {
  /** Keys may not list buckets. */
  listBuckets?: 'denied';
  /** HEAD on objects is answered with this status. */
  head?: 405 | 501;
  /** aws-chunked bodies are answered with this status, or taken for a wrong hash, as Ceph 16 does. */
  awsChunked?: 411 | 501 | 'mismatch';
  /** x-amz-checksum-* headers are refused, as Backblaze B2 does. */
  checksumHeaders?: 'refused';
  /** The server's clock against the machine's. */
  clockOffsetMs?: number;
  /** Expect: 100-continue is answered 417, or not at all. */
  expect?: 417 | 'ignored';
  /** aws-chunked bodies are stored as they are, framing and all. */
  framing?: 'stored';
  /** Requests that are refused, by their headers, for as long as this stands. */
  refuses?: (request: RefusableRequest) => RefusalOf | undefined;
  /** What becomes of the head of an object in the answer to HEAD. */
  headAs?: (head: HeadAnswer) => HeadAnswer;
}

export interface RefusableRequest {
  readonly operation: OperationName;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface RefusalOf {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  readonly headers?: Record<string, string>;
}

export interface HeadAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
}
