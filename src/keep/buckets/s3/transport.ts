import type { LookupFunction } from 'node:net';
import { SluiceError } from '../../../base/errors.ts';
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
  /**
   * An answer, from its first byte to its last, may take this long, however steadily it drips; a call may ask for more.
   */
  readonly answerTimeoutMs: number;
  /** Connections to one host at the most; further requests wait for one. */
  readonly maxConnections: number;
  /** Through what requests go; straight to the server where absent. */
  readonly proxy?: HttpProxy | undefined;
  /** Certificates (PEM) that servers' may be signed by; those that Node knows where absent. */
  readonly ca?: string[] | undefined;
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
  /** Bytes of the answer's body that are read; what is beyond them is not waited for. MAX_ERROR_BODY_BYTES where absent. */
  readonly maxAnswerBytes?: number;
  /** Instead of the transport's, where an answer is known to take long. */
  readonly answerTimeoutMs?: number;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Cut at the request's `maxAnswerBytes`: the hot path's requests have no body in a good answer. */
  readonly body: Buffer;
}

/**
 * Whether a failed request may have met a connection that the server had closed while it lay idle, so that the request
 * was never seen: sent once more at once, on a new connection, it is the same try (RFC 9112, 9.3.1).
 */
export function mayBeStale(error: unknown): boolean {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  // What comes over a connection after the end of an answer, as the body of a HEAD does, is no answer to the next request.
  if (name === 'HTTPParserError') return true;
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED' || code === 'UND_ERR_SOCKET';
}

/**
 * Whether a request may be sent once more though the first may have been seen: beginning an upload in parts twice leaves
 * one that nobody knows.
 */
export function isRepeatable({ method, path }: Pick<WireRequest, 'method' | 'path'>): boolean {
  return method !== 'POST' || !/[?&]uploads(?:[=&]|$)/.test(path);
}

/** The error of an answer that goes on for longer than it may. */
export function answerTooSlow(origin: string, ms: number): SluiceError {
  return new SluiceError(
    'timed_out',
    `${new URL(origin).host}: the answer had not ended after ${Math.round(ms / 1000)} s`,
  );
}
