import type { Answer, Given } from '../api/operations.ts';
import { type OperationName, PATHS, placeOf } from '../api/paths.ts';

/** Where a station is, and how to speak to it. */
export interface ClientOptions {
  /** Like `http://127.0.0.1:8750`; in a browser the page's own address unless given. */
  readonly url?: string;
  /** The station's token; a page with its session needs none. */
  readonly token?: string | undefined;
  /** In place of the platform's own. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Asks for one operation: resolves to its answer, rejects with a `StationProblem` or as `fetch` does. */
export type OperationCall<Name extends OperationName> =
  Record<never, never> extends Given<Name>
    ? (given?: Given<Name>, options?: CallOptions) => Promise<Answer<Name>>
    : (given: Given<Name>, options?: CallOptions) => Promise<Answer<Name>>;

/** Every operation of a station's API, by its name; its events are read by `followEvents`, its tables as files. */
export type Client = {
  readonly [Name in Exclude<OperationName, 'listEvents' | 'exportTable'>]: OperationCall<Name>;
};

/** What a station answered instead of what was asked: problem details (RFC 9457). */
export class StationProblem extends Error {
  override readonly name = 'StationProblem';
  readonly status: number;
  /** From the error catalogue; undefined where something answered that is no station. */
  readonly code: string | undefined;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(
    message: string,
    about: {
      readonly status: number;
      readonly code?: string | undefined;
      readonly hint?: string | undefined;
    },
  ) {
    super(message);
    this.status = about.status;
    this.code = about.code;
    this.hint = about.hint;
  }
}

/**
 * A client of a station's API, for Node and browsers alike. It holds no connection and may be made as often as is
 * wanted.
 */
export function createClient(options: ClientOptions = {}): Client {
  const calls = Object.keys(PATHS).map(name => [
    name,
    (given: Record<string, unknown> = {}, { signal }: CallOptions = {}) =>
      call(options, name as OperationName, given, signal),
  ]);
  return Object.fromEntries(calls) as Client;
}

async function call(
  { url = '', token, fetch: send = fetch }: ClientOptions,
  name: OperationName,
  given: Readonly<Record<string, unknown>>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { method, path, queryNames } = placeOf(name);
  const hasBody = method === 'POST';
  const pathNames = [...path.matchAll(/\{(\w+)\}/g)].map(([, key = '']) => key);
  const filled = pathNames.reduce(
    (text, key) => text.replace(`{${key}}`, encodeURIComponent(String(given[key]))),
    path,
  );
  const rest = Object.entries(given).filter(([key]) => !pathNames.includes(key));
  const inQuery = rest.filter(([key]) => !hasBody || queryNames.includes(key));
  const inBody = rest.filter(entry => !inQuery.includes(entry));
  const headers = new Headers(hasBody ? { 'content-type': 'application/json' } : {});
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const response = await send(url + filled + queryOf(inQuery), {
    method,
    headers,
    signal: signal ?? null,
    body: hasBody ? JSON.stringify(Object.fromEntries(inBody)) : null,
  });
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined;
  const { status, headers: answered } = response;
  const type = answered.get('content-type')?.split(';')[0];
  if (type === 'application/json') return response.json();
  if (type === 'text/plain') return response.text();
  throw new StationProblem(`what answers with ${type ?? 'no type'} is no station`, { status });
}

/** `?a=1&b=2` of what is given; of several values one after the other. */
function queryOf(given: readonly (readonly [key: string, value: unknown])[]): string {
  const pairs = given.flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [value].flat().map(one => [key, String(one)]),
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

/** What a station says is wrong. */
export async function problemOf(response: Response): Promise<StationProblem> {
  const { status } = response;
  const text = await response.text();
  try {
    const { code, detail, hint, status: words } = JSON.parse(text) as Record<string, unknown>;
    const message = [detail, words].find(each => typeof each === 'string');
    return new StationProblem(String(message ?? `the station answered ${status}`), {
      status,
      code: typeof code === 'string' ? code : undefined,
      hint: typeof hint === 'string' ? hint : undefined,
    });
  } catch {
    return new StationProblem(`what answered (with ${status}) is no station`, { status });
  }
}
