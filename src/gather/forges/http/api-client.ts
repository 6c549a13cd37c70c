import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { HttpHeaders } from '../../../base/http-headers.ts';
import type { CallBudget, CallRecord, CallResource } from '../../../engine/call-budgets/call-budget.ts';
import { credentialsForOwner, type ForgeCredential } from '../forge.ts';
import { AcceptedCredentials } from './accepted-credentials.ts';
import type { ApiAnswer, ApiCall, BodyFacts, ListCall } from './api-call.ts';
import { messageOf, parseJson, readBody, unreadable } from './body.ts';
import { connectionFailure, limitOf, refusal, refusedHere, unaskedNotModified } from './classify.ts';
import { type Connections, openConnections } from './connections.ts';
import { failureOfBoth, failureToTake, isOfCredential, ofSomeCredentials } from './credential-failures.ts';
import { clockSkewMs, rateFacts } from './facts.ts';
import { nextLink, nextPageUrl } from './link.ts';
import { PageBounds } from './page-bounds.ts';
import { isRedirect, redirectTarget } from './redirects.ts';

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
  /** Has what an App's installation is known by asked for anew: the host refuses it before its time. */
  readonly renew?: (credential: ForgeCredential) => void;
  /** Reads a GraphQL answer's own facts. */
  readonly bodyFacts?: (answer: ApiAnswer, resource: CallResource) => BodyFacts;
  /** What a 304 costs: GitHub does not count them. */
  readonly notModifiedCost: number;
  /** Answers 401 to a token that is not accepted, and something else to every one that is. */
  readonly tokenCheckPath: string;
}

/**
 * One code host's API over HTTP: asks the budget, sends one call with a credential, records what was seen,
 * answers with JSON or throws what `Forge` promises. Redirects are followed on the same host only (a renamed
 * repository), each as a call of its own; https never turns into http.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #connections: Promise<Connections> | undefined;
  readonly #accepted: AcceptedCredentials;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    const { clock } = options;
    this.#accepted = new AcceptedCredentials({ clock, ask: (...asked) => this.#askAbout(...asked) });
  }

  get hasCredentials(): boolean {
    return this.#options.credentials.length > 0;
  }

  /** Whether some credentials are for one owner's repositories alone. */
  get hasOwnersCredentials(): boolean {
    return this.#options.credentials.some(each => each.kind === 'app' && each.owner !== undefined);
  }

  /** Whether there are credentials for the owner's repositories besides these. */
  hasOthers(blind: readonly string[], owner: string | undefined): boolean {
    return credentialsForOwner(this.#options.credentials, owner).some(each => !blind.includes(each.identity));
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  async call(call: ApiCall): Promise<ApiAnswer> {
    return this.#follow(call, this.#urlOf(call));
  }

  /**
   * Every page of a listing, following `rel="next"`. Where it does not end within its bounds, it ends there, and
   * `onUnseen` is told.
   */
  async *pages(call: ListCall): AsyncGenerator<ApiAnswer> {
    const { query: _first, etag: _etag, ...rest } = call;
    const bounds = this.bounds(call.part);
    let url = this.#urlOf(call);
    let answer: ApiAnswer | undefined;
    for (;;) {
      const endless = bounds.before(url.href);
      if (endless !== undefined) return call.onUnseen?.({ part: call.part, error: endless });
      answer = await this.#follow(answer === undefined ? call : rest, url);
      const repeated = bounds.after(answer.json);
      if (repeated !== undefined) return call.onUnseen?.({ part: call.part, error: repeated });
      yield answer;
      if (answer.next === undefined) return;
      url = answer.next;
    }
  }

  /** Of one listing. @param part as it is named where it does not end */
  bounds(part: string): PageBounds {
    return new PageBounds(`${this.#options.host}: the listing "${part}"`, this.#options.clock);
  }

  async close(): Promise<void> {
    const connections = this.#connections;
    this.#connections = undefined;
    await (await connections)?.agent.close();
  }

  async #follow(call: ApiCall, first: URL): Promise<ApiAnswer> {
    const method = call.method ?? 'GET';
    let url = first;
    for (let before = 0; ; before += 1) {
      const answer = await this.#withAny(call, url);
      if (!isRedirect(answer.status)) return answer;
      url = redirectTarget({ host: this.#options.host, method, from: url, headers: answer.headers, before });
    }
  }

  #urlOf({ path, query }: ApiCall): URL {
    const url = new URL(/^https?:/.test(path) ? path : `${this.#options.apiUrl}${path}`);
    for (const [key, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.append(key, String(value));
    }
    return url;
  }

  /** One call, with one credential after the other while it is the credential's fault that it failed. */
  async #withAny(call: ApiCall, url: URL): Promise<ApiAnswer> {
    const fitting = this.#credentialsFor(call.owner).filter(each => !call.blind?.includes(each.identity));
    try {
      return await this.#withOneOf(fitting, call, url);
    } catch (error) {
      const areFew = fitting.length < this.#options.credentials.length;
      throw areFew && error instanceof SluiceError ? ofSomeCredentials(error) : error;
    }
  }

  async #withOneOf(fitting: readonly ForgeCredential[], call: ApiCall, url: URL): Promise<ApiAnswer> {
    let left = fitting;
    let failure: SluiceError | undefined;
    let hasRenewed = false;
    for (;;) {
      const credential = await this.#take(call, left, failure);
      const attempt = await this.#once(call, url, credential);
      if ('answer' in attempt) return attempt.answer;
      failure = failureOfBoth(failure, attempt.error);
      if (attempt.isAcceptedAnew && !hasRenewed) {
        hasRenewed = true;
        continue;
      }
      left = left.filter(each => each !== credential);
      const isUnseen = call.isSoughtByAll === true && attempt.error.code === 'forge_missing';
      if (!(isUnseen || isOfCredential(attempt.error)) || left.length === 0) throw failure;
    }
  }

  /** @throws SluiceError `scope_missing` where there are credentials, and none is for this owner */
  #credentialsFor(owner: string | undefined): readonly ForgeCredential[] {
    const { host, credentials } = this.#options;
    const fitting = credentialsForOwner(credentials, owner);
    if (fitting.length > 0 || credentials.length === 0) return fitting;
    throw new SluiceError('scope_missing', `no installation of the App at ${host} is for ${owner}`, {
      operation: 'call',
      subject: owner,
      hint: `Install the App there and name it under hosts["${host}"].app.installations, or add a token.`,
    });
  }

  /** @param failure of this call with the credential before */
  async #take(
    call: ApiCall,
    credentials: readonly ForgeCredential[],
    failure: SluiceError | undefined,
  ): Promise<ForgeCredential | undefined> {
    const { host, budget } = this.#options;
    try {
      const identity = await budget.take({
        host,
        resource: call.resource ?? 'rest',
        cost: call.cost ?? 1,
        credentials: credentials.map(each => each.identity),
        priority: call.priority ?? 'normal',
        signal: call.signal,
      });
      return credentials.find(each => each.identity === identity);
    } catch (error) {
      throw failureToTake(failure, error);
    }
  }

  async #once(call: ApiCall, url: URL, credential: ForgeCredential | undefined): Promise<Attempt> {
    const { host, clock } = this.#options;
    const startedAtMs = clock.nowMs();
    const record = this.#recorder(call, url, credential);
    let received: Received;
    try {
      received = await this.#send(call, url, credential);
    } catch (error) {
      const subject = `${call.method ?? 'GET'} ${url.pathname}`;
      const failure = call.signal?.aborted
        ? new SluiceError('cancelled', 'stopped on request', { operation: 'call', subject, cause: error })
        : connectionFailure(error, host, subject);
      record({ errorCode: failure.code });
      return { error: failure };
    }
    return this.#judge({ call, url, credential, startedAtMs, received, record });
  }

  /** To be called once for the call that begins now, with what it showed. */
  #recorder(
    call: ApiCall,
    url: URL,
    credential: ForgeCredential | undefined,
  ): (facts: Partial<CallRecord>) => void {
    const { host, budget, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    return facts =>
      budget.record({
        host,
        resource: call.resource ?? 'rest',
        credential: credential?.identity,
        method: call.method ?? 'GET',
        path: url.pathname,
        status: undefined,
        errorCode: undefined,
        durationMs: clock.monotonicMs() - startedMs,
        cost: call.cost ?? 1,
        limit: undefined,
        remaining: undefined,
        resetAtMs: undefined,
        retryAfterMs: undefined,
        limitReached: undefined,
        clockSkewMs: undefined,
        ...facts,
      });
  }

  async #send(call: ApiCall, url: URL, credential: ForgeCredential | undefined): Promise<Received> {
    const { apiUrl, timeoutMs, headers, authorize } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
    this.#connections ??= openConnections(apiUrl, timeoutMs);
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
    return { status: statusCode, headers: answered, text: await readBody(body, answered) };
  }

  async #judge({ call, url, credential, startedAtMs, received, record }: Judged): Promise<Attempt> {
    const { host, apiUrl, clock, notModifiedCost, bodyFacts } = this.#options;
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
      credential: credential?.id,
      identity: credential?.identity,
      atMs: nowMs,
      hostTimeMs: nowMs + (skewMs ?? 0),
      next: undefined,
    };
    if (status === 304 && call.etag !== undefined) {
      record({ ...facts, cost: notModifiedCost });
      return { answer: { ...plain, json: undefined } };
    }
    if (isRedirect(status)) {
      record(facts);
      return { answer: { ...plain, json: undefined } };
    }
    const parsed = parseJson(text);
    if (status === 304) {
      const error = unaskedNotModified(host, subject);
      record({ ...facts, errorCode: error.code });
      return { error };
    }
    if (status < 200 || status >= 300) {
      const message = messageOf(parsed?.value);
      const refused = {
        host,
        subject,
        status,
        headers,
        message,
        isJson: parsed !== undefined,
        credential: credential?.id,
        rate,
        nowMs,
      };
      let error = refusal(refused);
      const isOfToken = error.code === 'token_refused' && credential !== undefined;
      const isAccepted = isOfToken && (await this.#accepted.has(credential, call.signal));
      if (isAccepted) error = refusedHere(refused);
      record({ ...facts, errorCode: error.code, limitReached: limitOf(refused) });
      return { error, isAcceptedAnew: isAccepted && credential.kind === 'app' };
    }
    if (parsed === undefined) {
      const error = unreadable({ host, subject, status, headers }, text);
      record({ ...facts, errorCode: error.code });
      return { error };
    }
    const link = nextLink(headers.link);
    const next = link === undefined ? undefined : nextPageUrl(link, url, apiUrl);
    const answer: ApiAnswer = { ...plain, json: parsed.value, next };
    const { error, ...more } = bodyFacts?.(answer, call.resource ?? 'rest') ?? {};
    record({ ...facts, ...more, errorCode: error?.code });
    return error === undefined ? { answer } : { error };
  }

  /** Whether the host takes the credential: a call that asks for nothing else. Never rejects. */
  async #askAbout(credential: ForgeCredential, signal: AbortSignal | undefined): Promise<boolean> {
    const { host, apiUrl, tokenCheckPath } = this.#options;
    const call: ApiCall = { path: tokenCheckPath, signal, priority: 'high' };
    const url = new URL(`${apiUrl}${tokenCheckPath}`);
    // An App's token may have been taken back before its time; the App may still be welcome.
    if (credential.kind === 'app') this.#options.renew?.(credential);
    try {
      await this.#take(call, [credential], undefined);
      const record = this.#recorder(call, url, credential);
      try {
        const { status } = await this.#send(call, url, credential);
        record({ status, errorCode: status === 401 ? 'token_refused' : undefined });
        return status !== 401;
      } catch (error) {
        record({ errorCode: connectionFailure(error, host, tokenCheckPath).code });
        throw error;
      }
    } catch (error) {
      // An App whose token cannot be had is as good as refused.
      return !(error instanceof SluiceError && error.code === 'token_refused');
    }
  }
}

/** One try with one credential. */
type Attempt =
  | { readonly answer: ApiAnswer }
  | {
      readonly error: SluiceError;
      /** The credential was refused, and has been accepted since in a new form. */
      readonly isAcceptedAnew?: boolean;
    };

interface Received {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly text: string;
}

interface Judged {
  readonly call: ApiCall;
  readonly url: URL;
  readonly credential: ForgeCredential | undefined;
  readonly startedAtMs: number;
  readonly received: Received;
  readonly record: (facts: Partial<CallRecord>) => void;
}
