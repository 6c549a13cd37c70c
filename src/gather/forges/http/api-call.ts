import type { SluiceError } from '../../../base/errors.ts';
import type { HttpHeaders } from '../../../base/http-headers.ts';
import type { CallResource, LimitScope } from '../../../engine/call-budgets/call-budget.ts';
import type { ForgeCallOptions } from '../forge.ts';
import type { RateFacts } from './facts.ts';

/** One call of a code host's API, as an adapter asks for it. */
export interface ApiCall extends ForgeCallOptions {
  readonly method?: 'GET' | 'POST';
  /** Path below the API's address, or a whole address on the same origin. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** Sent as If-None-Match; the answer may be 304. */
  readonly etag?: string | undefined;
  readonly resource?: CallResource;
  /** Whose repositories it concerns, where it is of one owner alone: credentials may be an owner's. */
  readonly owner?: string | undefined;
  /** What it is expected to cost; 1 by default. */
  readonly cost?: number;
  /** That nothing is there is believed once no credential sees it: hosts do not show what one may not see. */
  readonly isSoughtByAll?: boolean;
  /** Identities of credentials that do not see it. */
  readonly blind?: readonly string[];
}

/** A call whose answer is the first page of a listing. */
export interface ListCall extends ApiCall {
  /** How the listing is named where it does not end. */
  readonly part: string;
}

/** What a call was answered, where that is no failure. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Parsed body; undefined of a 304. */
  readonly json: unknown;
  readonly rate: RateFacts;
  readonly credential: string | undefined;
  /** Of the credential. */
  readonly identity: string | undefined;
  /** Host's clock as it answered, by its Date header; this machine's where there is none. */
  readonly hostTimeMs: number;
  /** This machine's clock. */
  readonly atMs: number;
  /** Where the next page is asked for, where the host names one. */
  readonly next: URL | undefined;
}

/** What a GraphQL body says over what its headers do. */
export interface BodyFacts extends Partial<RateFacts> {
  readonly cost?: number;
  readonly limitReached?: LimitScope | undefined;
  /** The failure that a 200 hides. */
  readonly error?: SluiceError;
}
