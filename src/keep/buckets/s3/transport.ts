import type { LookupFunction } from 'node:net';
import type { HttpHeaders } from '../../../base/http-headers.ts';
import type { HttpProxy } from '../../../base/proxy.ts';

/** What the transports take from the store. */
export interface TransportOptions {
  /** Ends a request in which no byte has moved, either way, for this long. Never a limit on the whole. */
  readonly idleTimeoutMs: number;
  /**
   * Slowest link that is waited for once a streamed body has been handed over: what the kernel still holds then moves
   * unseen.
   */
  readonly minBytesPerSecond: number;
  readonly connectTimeoutMs: number;
  /** Connections to one host at the most; further requests wait for one. */
  readonly maxConnections: number;
  /** Through what requests go; straight to the server where absent. */
  readonly proxy?: HttpProxy | undefined;
  /** Resolves host names; the system's own where absent. */
  readonly lookup?: LookupFunction;
}

export interface WireRequest {
  readonly method: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query as signed. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Cut at MAX_ERROR_BODY_BYTES: the hot path's requests have no body in a good answer. */
  readonly body: Buffer;
}
