import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { ForgeModel } from './model.ts';

/** A request that the stand-in got. */
export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly status: number;
}

export interface StandInRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Address of the stand-in, for links. */
  readonly origin: string;
  readonly model: ForgeModel;
}

export interface StandInAnswer {
  readonly status?: number;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** GraphQL points; 1 call otherwise. */
  readonly cost?: number;
}

/** What a stand-in of one kind does with a request; undefined: nothing is at that path. */
export type Routes = (
  request: StandInRequest,
) => Promise<StandInAnswer | undefined> | StandInAnswer | undefined;

/** Answers a request instead of the routes, or lets it through (undefined). */
export type Fault = (
  request: StandInRequest,
  response: ServerResponse,
) => 'answered' | StandInAnswer | undefined;

/** What a test wants of a stand-in. */
export interface StandInSetup {
  /** Empty by default. */
  readonly model?: ForgeModel;
  /** Tokens that are taken; none given: all are, and none is needed. */
  readonly tokens?: readonly string[];
  /** Calls until it refuses more. */
  readonly limit?: number;
}

/** What stand-ins of one kind have in common. */
export interface StandInKind {
  readonly routes: Routes;
  readonly tokenOf: (headers: IncomingMessage['headers']) => string | undefined;
  readonly rateHeaders: (rate: StandInRate) => Readonly<Record<string, string>>;
  /** Where the test says nothing. */
  readonly defaultLimit: number;
  readonly sendsEtags: boolean;
  /** Whether a 304 counts against the limit. */
  readonly countsNotModified: boolean;
}

export interface StandInRate {
  readonly limit: number;
  readonly remaining: number;
  readonly resource: string;
}

/** Of an `Authorization` header, as GitHub and Gitea take it. */
export function bearerToken({ authorization }: IncomingMessage['headers']): string | undefined {
  return /^(?:bearer|token) (.*)$/i.exec(authorization ?? '')?.[1];
}

/** A local server that answers like a code host: limits, ETags, a log of requests, faults on demand. */
export class ForgeStandIn {
  readonly log: LoggedRequest[] = [];
  readonly faults: Fault[] = [];
  /** Added to the Date header: a host whose clock is off. */
  skewMs = 0;
  remaining: number;
  readonly model: ForgeModel;
  readonly #kind: StandInKind;
  readonly #tokens: readonly string[];
  readonly #limit: number;
  readonly #server: Server;

  private constructor(kind: StandInKind, setup: StandInSetup) {
    this.#kind = kind;
    this.model = setup.model ?? new ForgeModel();
    this.#tokens = setup.tokens ?? [];
    this.#limit = setup.limit ?? kind.defaultLimit;
    this.remaining = this.#limit;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(error => {
        response.statusCode = 500;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ message: error instanceof Error ? error.stack : String(error) }));
      });
    });
  }

  /** @param t whose end stops it */
  static async start(
    t: TestContext | undefined,
    kind: StandInKind,
    setup: StandInSetup = {},
  ): Promise<ForgeStandIn> {
    const standIn = new ForgeStandIn(kind, setup);
    await new Promise<void>(resolve => standIn.#server.listen(0, '127.0.0.1', resolve));
    t?.after(() => standIn.stop());
    return standIn;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get host(): string {
    return new URL(this.origin).host;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const request: StandInRequest = {
      method: incoming.method ?? 'GET',
      url: new URL(incoming.url ?? '/', this.origin),
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
      origin: this.origin,
      model: this.model,
    };
    response.sendDate = false;
    response.setHeader('date', new Date(Date.now() + this.skewMs).toUTCString());
    response.on('close', () =>
      this.log.push({
        method: request.method,
        path: `${request.url.pathname}${request.url.search}`,
        headers: request.headers,
        body: request.body,
        status: response.statusCode,
      }),
    );
    for (const fault of this.faults) {
      const outcome = fault(request, response);
      if (outcome === 'answered') return;
      if (outcome !== undefined) return this.#reply(request, response, outcome);
    }
    this.#reply(request, response, this.#refused(request) ?? (await this.#routed(request)));
  }

  #refused(request: StandInRequest): StandInAnswer | undefined {
    const tokens = this.#tokens;
    const isRefused = tokens.length > 0 && !tokens.includes(this.#kind.tokenOf(request.headers) ?? '');
    if (isRefused) return { status: 401, json: { message: 'Bad credentials' } };
    if (this.remaining <= 0) return { status: 403, json: { message: 'API rate limit exceeded' } };
    return undefined;
  }

  async #routed(request: StandInRequest): Promise<StandInAnswer> {
    return (await this.#kind.routes(request)) ?? { status: 404, json: { message: 'Not Found' } };
  }

  #reply(request: StandInRequest, response: ServerResponse, answer: StandInAnswer): void {
    const { rateHeaders, sendsEtags, countsNotModified } = this.#kind;
    const text = answer.json === undefined ? '' : JSON.stringify(answer.json);
    const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`;
    const status = answer.status ?? 200;
    const isSame = sendsEtags && status === 200 && request.headers['if-none-match'] === etag;
    if (status < 400 && (!isSame || countsNotModified)) this.remaining -= answer.cost ?? 1;
    const resource = /graphql/.test(request.url.pathname) ? 'graphql' : 'core';
    const remaining = Math.max(0, this.remaining);
    const rates = rateHeaders({ limit: this.#limit, remaining, resource });
    for (const [name, value] of Object.entries({ ...rates, ...answer.headers })) {
      if (!response.hasHeader(name) || name === 'date') response.setHeader(name, value);
    }
    if (sendsEtags && status === 200) response.setHeader('etag', etag);
    response.statusCode = isSame ? 304 : status;
    if (!isSame && answer.json !== undefined) {
      if (!response.hasHeader('content-type'))
        response.setHeader('content-type', 'application/json; charset=utf-8');
      response.end(text);
    } else response.end();
  }
}

/** One page of a list by page number, with the Link header that leads to the next. */
export function pageOf<T>(
  items: readonly T[],
  { url, origin }: StandInRequest,
  keys: { readonly size: string; readonly most: number },
): { readonly items: readonly T[]; readonly headers: Readonly<Record<string, string>> } {
  const page = Math.max(1, Number(url.searchParams.get('page') ?? 1));
  const size = Math.min(keys.most, Number(url.searchParams.get(keys.size) ?? 30));
  const next = new URL(url.pathname + url.search, origin);
  next.searchParams.set('page', String(page + 1));
  const isLast = page * size >= items.length;
  return {
    items: items.slice((page - 1) * size, page * size),
    headers: {
      'x-total-count': String(items.length),
      ...(isLast ? {} : { link: `<${next.href}>; rel="next"` }),
    },
  };
}
