import type { Agent, request } from 'undici';
import type { Clock } from '../../../base/clock.ts';
import { type ErrorCode, SluiceError } from '../../../base/errors.ts';
import { type HttpHeaders, headerOf } from '../../../base/http-headers.ts';
import type {
  CallBudget,
  CallRecord,
  CallResource,
  LimitScope,
} from '../../../engine/call-budgets/call-budget.ts';
import type { ForgeCallOptions, ForgeCredential } from '../forge.ts';
import { messageOf, parseJson, readBody, unreadable } from './body.ts';
import { connectionFailure, limitOf, refusal } from './classify.ts';
import { clockSkewMs, nextPage, type RateFacts, rateFacts } from './facts.ts';

export interface ApiCall extends ForgeCallOptions {
  readonly method?: 'GET' | 'POST';
  /** Path below the API's address, or a whole address on the same origin (a next page). */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** Sent as If-None-Match; the answer may be 304. */
  readonly etag?: string | undefined;
  readonly resource?: CallResource;
  /** What it is expected to cost; 1 by default. */
  readonly cost?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Parsed body; undefined of a 304. */
  readonly json: unknown;
  readonly rate: RateFacts;
  readonly credential: string | undefined;
  /** Host's clock as it answered, by its Date header; this machine's where there is none. */
  readonly hostTimeMs: number;
  /** This machine's clock. */
  readonly atMs: number;
  /** Address of the next page, where the host names one. */
  readonly next: string | undefined;
}

/** What a GraphQL body says over what its headers do. */
export interface BodyFacts extends Partial<RateFacts> {
  readonly cost?: number;
  readonly limitReached?: LimitScope | undefined;
  /** The failure that a 200 hides. */
  readonly error?: SluiceError;
}

export interface ApiClientOptions {
  readonly host: string;
  /** `https://api.github.com`; no slash at the end. */
  readonly apiUrl: string;
  readonly credentials: readonly ForgeCredential[];
  readonly timeoutMs: number;
  readonly budget: CallBudget;
  readonly clock: Clock;
  readonly headers: Readonly<Record<string, string>>;
  /** The header that carries a credential. */
  readonly authorize: (
    credential: ForgeCredential,
    signal: AbortSignal,
  ) => Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>;
  /** Reads a GraphQL answer's own facts. */
  readonly bodyFacts?: (answer: ApiAnswer, resource: CallResource) => BodyFacts;
  /** What a 304 costs: GitHub does not count them. */
  readonly notModifiedCost: number;
}

/** What an answer may say of the credential alone: another one may do. */
const OF_CREDENTIAL: ReadonlySet<ErrorCode> = new Set(['token_refused', 'rate_limited', 'scope_missing']);
const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 307, 308]);

/**
 * One code host's API over HTTP: asks the budget, sends one call with a credential, records what was seen,
 * answers with JSON or throws what `Forge` promises. A credential that is refused, used up or may not do it costs
 * itself alone: the call goes once with each other one that the budget lets go. Redirects are followed on the same host only (a renamed
 * repository), each as a call of its own; https never turns into http.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #connections: Promise<Connections> | undefined;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  get hasCredentials(): boolean {
    return this.#options.credentials.length > 0;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  async call(call: ApiCall): Promise<ApiAnswer> {
    let url = this.#urlOf(call);
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#withAny(call, url);
      if (!REDIRECTS.has(answer.status)) return answer;
      if (redirects === MAX_REDIRECTS || (call.method ?? 'GET') !== 'GET') {
        throw this.#movedError(url, headerOf(answer.headers, 'location'), 'too often');
      }
      url = this.#redirectTarget(url, headerOf(answer.headers, 'location'));
    }
  }

  /** Every page of a listing, following `rel="next"`. */
  async *pages(call: ApiCall): AsyncGenerator<ApiAnswer> {
    let answer = await this.call(call);
    yield answer;
    const { query: _first, etag: _etag, ...rest } = call;
    while (answer.next !== undefined) {
      answer = await this.call({ ...rest, path: answer.next });
      yield answer;
    }
  }

  async close(): Promise<void> {
    await (await this.#connections)?.agent.close();
  }

  #urlOf({ path, query }: ApiCall): URL {
    const url = new URL(/^https?:/.test(path) ? path : `${this.#options.apiUrl}${path}`);
    const own = new URL(this.#options.apiUrl);
    // A next page is named by the host; behind a proxy it may name itself by another scheme or port.
    if (url.host !== own.host || url.protocol !== own.protocol) {
      url.protocol = own.protocol;
      url.host = own.host;
    }
    for (const [key, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.append(key, String(value));
    }
    return url;
  }

  #redirectTarget(from: URL, location: string | undefined): URL {
    const to = URL.canParse(location ?? '', from) ? new URL(location ?? '', from) : undefined;
    const upgrades = from.protocol === 'http:' && to?.protocol === 'https:' && to.hostname === from.hostname;
    if (to === undefined || location === undefined || !(to.origin === from.origin || upgrades)) {
      throw this.#movedError(from, location, 'to another host, which does not get the token');
    }
    return to;
  }

  #movedError(from: URL, location: string | undefined, why: string): SluiceError {
    const to = URL.canParse(location ?? '', from) ? new URL(location ?? '', from) : undefined;
    return new SluiceError(
      'repository_moved',
      `${this.#options.host} redirects ${from.pathname} ${why}${to ? `: ${to.origin}${to.pathname}` : ''}`,
      { operation: 'call', subject: from.pathname },
    );
  }

  /** One call, with one credential after the other while it is the credential's fault that it failed. */
  async #withAny(call: ApiCall, url: URL): Promise<ApiAnswer> {
    const { host, budget, credentials } = this.#options;
    let left = credentials;
    let failure: SluiceError | undefined;
    for (;;) {
      let identity: string | undefined;
      try {
        identity = await budget.take({
          host,
          resource: call.resource ?? 'rest',
          cost: call.cost ?? 1,
          credentials: left.map(credential => credential.identity),
          priority: call.priority ?? 'normal',
          signal: call.signal,
        });
      } catch (error) {
        throw whyNot(failure, error);
      }
      const credential = left.find(each => each.identity === identity);
      try {
        return await this.#once(call, url, credential);
      } catch (error) {
        left = left.filter(each => each !== credential);
        if (!(error instanceof SluiceError && OF_CREDENTIAL.has(error.code)) || left.length === 0)
          throw error;
        failure = error;
      }
    }
  }

  async #once(call: ApiCall, url: URL, credential: ForgeCredential | undefined): Promise<ApiAnswer> {
    const { host, budget, clock } = this.#options;
    const resource = call.resource ?? 'rest';
    const cost = call.cost ?? 1;
    const startedAtMs = clock.nowMs();
    const startedMs = clock.monotonicMs();
    const record = (facts: Partial<CallRecord>): void =>
      budget.record({
        host,
        resource,
        credential: credential?.identity,
        method: call.method ?? 'GET',
        path: url.pathname,
        status: undefined,
        errorCode: undefined,
        durationMs: clock.monotonicMs() - startedMs,
        cost,
        limit: undefined,
        remaining: undefined,
        resetAtMs: undefined,
        retryAfterMs: undefined,
        limitReached: undefined,
        clockSkewMs: undefined,
        ...facts,
      });
    let received: Received;
    try {
      received = await this.#send(call, url, credential);
    } catch (error) {
      const subject = `${call.method ?? 'GET'} ${url.pathname}`;
      const failure = call.signal?.aborted
        ? new SluiceError('cancelled', 'stopped on request', { operation: 'call', subject, cause: error })
        : connectionFailure(error, host, subject);
      record({ errorCode: failure.code });
      throw failure;
    }
    return this.#judge({ call, url, id: credential?.id, startedAtMs, received, record });
  }

  async #send(call: ApiCall, url: URL, credential: ForgeCredential | undefined): Promise<Received> {
    const { timeoutMs, headers, authorize } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
    this.#connections ??= openConnections(timeoutMs);
    const { agent, send } = await this.#connections;
    signal.throwIfAborted();
    const authorization = credential && (await authorize(credential, signal));
    const {
      statusCode,
      headers: answered,
      body,
    } = await send(url, {
      dispatcher: agent,
      method: call.method ?? 'GET',
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      headers: {
        ...headers,
        ...authorization,
        'if-none-match': call.etag,
        'content-type': call.body === undefined ? undefined : 'application/json',
      },
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
    });
    return { status: statusCode, headers: answered, text: await readBody(body) };
  }

  #judge({ call, url, id, startedAtMs, received, record }: Judged): ApiAnswer {
    const { host, clock, notModifiedCost, bodyFacts } = this.#options;
    const { status, headers, text } = received;
    const nowMs = clock.nowMs();
    const skewMs = clockSkewMs(headers, startedAtMs, nowMs);
    const rate = rateFacts(headers, nowMs, skewMs ?? 0);
    const subject = `${call.method ?? 'GET'} ${url.pathname}`;
    const facts = { status, ...rate, clockSkewMs: skewMs };
    const plain = {
      status,
      headers,
      rate,
      credential: id,
      atMs: nowMs,
      hostTimeMs: nowMs + (skewMs ?? 0),
      next: undefined,
    };
    if (status === 304) {
      record({ ...facts, cost: notModifiedCost });
      return { ...plain, json: undefined };
    }
    if (REDIRECTS.has(status)) {
      record(facts);
      return { ...plain, json: undefined };
    }
    const parsed = parseJson(text);
    const answer: ApiAnswer = { ...plain, json: parsed?.value, next: nextPage(headers) };
    if (status < 200 || status >= 300) {
      const message = messageOf(parsed?.value);
      const refused = {
        host,
        subject,
        status,
        headers,
        message,
        isJson: parsed !== undefined,
        credential: id,
        rate,
        nowMs,
      };
      const error = refusal(refused);
      record({ ...facts, errorCode: error.code, limitReached: limitOf(refused) });
      throw error;
    }
    if (parsed === undefined) {
      const error = unreadable({ host, subject, status, headers }, text);
      record({ ...facts, errorCode: error.code });
      throw error;
    }
    const { error, ...more } = bodyFacts?.(answer, call.resource ?? 'rest') ?? {};
    record({ ...facts, ...more, errorCode: error?.code });
    if (error !== undefined) throw error;
    return answer;
  }
}

/**
 * Why a call did not go with any credential: what the host said to the first ones, or what the budget says of the rest,
 * where waiting for those would help.
 */
function whyNot(failure: SluiceError | undefined, denied: unknown): unknown {
  if (failure === undefined || !(denied instanceof SluiceError) || denied.code === 'cancelled') return denied;
  if (denied.code !== 'rate_limited' || failure.code === 'scope_missing') return failure;
  const waitMs = failure.code === 'rate_limited' ? (failure.retryAfterMs ?? 0) : Number.POSITIVE_INFINITY;
  return (denied.retryAfterMs ?? 0) < waitMs ? denied : failure;
}

interface Received {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly text: string;
}

interface Judged {
  readonly call: ApiCall;
  readonly url: URL;
  readonly id: string | undefined;
  readonly startedAtMs: number;
  readonly received: Received;
  readonly record: (facts: Partial<CallRecord>) => void;
}

/** A pool of connections to one host, and what sends a request over them. */
interface Connections {
  readonly agent: Agent;
  readonly send: typeof request;
}

/** The library is loaded with the first call: most stations ask few of the hosts that they know, or none. */
async function openConnections(timeoutMs: number): Promise<Connections> {
  const { Agent: Opened, request: send } = await import('undici');
  return { agent: new Opened({ connections: 16, connect: { timeout: Math.min(timeoutMs, 10_000) } }), send };
}
