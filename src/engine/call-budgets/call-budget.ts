import type { Priority } from '../queue/work-queue.ts';

/** What calls are counted under; hosts limit the two apart (GitHub: calls an hour, and points an hour). */
export type CallResource = 'rest' | 'graphql';

/**
 * Whose limit is reached, as far as the answer says: `credential` has used up its own; `pace` is too fast or too many at
 * once (GitHub's secondary limit, a bare 429), which may be of the credential or of whoever calls from here; `host` is
 * of whoever calls from here, whatever the credential.
 */
export type LimitScope = 'credential' | 'pace' | 'host';

/** A call that is about to be made. */
export interface IntendedCall {
  readonly host: string;
  readonly resource: CallResource;
  /** Calls or points that it is expected to cost. */
  readonly cost: number;
  /** Identities of the credentials that would do; empty: it goes without. */
  readonly credentials: readonly string[];
  readonly priority: Priority;
  readonly signal: AbortSignal | undefined;
}

/** One call that was made, answered or not, and what it showed of the budget. */
export interface CallRecord {
  readonly host: string;
  readonly resource: CallResource;
  /** Identity of the one that was used; undefined: sent without credentials. */
  readonly credential: string | undefined;
  readonly method: string;
  /** Path only: queries may hold names that logs should not. */
  readonly path: string;
  /** Undefined: no answer came. */
  readonly status: number | undefined;
  /** The catalogue code of what went wrong. */
  readonly errorCode: string | undefined;
  readonly durationMs: number;
  /** What it did cost: 0 of a 304 where the host does not count those; GraphQL points as the host says. */
  readonly cost: number;
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  /** On this machine's clock: the host's time corrected by `clockSkewMs`. */
  readonly resetAtMs: number | undefined;
  /** How long the host asks to wait before any further call. */
  readonly retryAfterMs: number | undefined;
  /** The call was refused since a limit is reached; undefined: it was not. */
  readonly limitReached: LimitScope | undefined;
  /** Host's clock minus this machine's, from the Date header (whole seconds). */
  readonly clockSkewMs: number | undefined;
}

/**
 * Rules over the calls to hosts: who calls asks before (`take`) and reports after (`record`); the budget waits, chooses
 * and counts. Both may be called at any time, by many at once.
 */
export interface CallBudget {
  /**
   * Resolves when the call may go, with the identity of the credential to send it with: one of `call.credentials`
   * (undefined only when there are none).
   * @throws SluiceError `rate_limited` where it would wait too long, `cancelled` when the signal aborts
   */
  take(call: IntendedCall): Promise<string | undefined>;
  /** To be called once for every `take` that resolved. Never throws. */
  record(call: CallRecord): void;
}

/** Lets every call go at once with the first credential: for tests and single commands. */
export const unlimitedBudget: CallBudget = {
  take: async call => call.credentials[0],
  record: () => {},
};
