import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { silentLogger } from '../../src/base/log.ts';
import { createApp } from '../../src/server/app.ts';
import type { AppOptions } from '../../src/server/app-options.ts';
import { assertDescribed } from './described.ts';
import { stationStub } from './station-stub.ts';
import { VirtualClock } from './virtual-clock.ts';

const ORIGIN = 'http://localhost:8750';

/** What the app answered; `body` is the JSON, or empty where it was none. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Options of an app over a station that knows nothing, on a clock that stands still. */
export function appOptions(options: Partial<AppOptions> = {}): AppOptions {
  return {
    station: stationStub(),
    clock: new VirtualClock(),
    log: silentLogger,
    hostNames: [],
    token: undefined,
    maxBodyBytes: 1000,
    stopping: new AbortController().signal,
    webFolder: resolve(import.meta.dirname, '../../src/web'),
    ...options,
  };
}

/** The app without its socket: `ask` sends a request, `post` a body, as JSON unless it is text. */
export function servedApp(options: Partial<AppOptions> = {}) {
  const app = createApp(appOptions(options));
  const ask = async (path: string, init: RequestInit = {}): Promise<Answered> => {
    const headers = new Headers(init.headers);
    if (!headers.has('host')) headers.set('host', new URL(ORIGIN).host);
    const response = await app.fetch(new Request(ORIGIN + path, { ...init, headers }));
    const text = await response.text();
    assertDescribed({
      method: init.method ?? 'GET',
      path,
      status: response.status,
      contentType: response.headers.get('content-type'),
      text,
    });
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text ? JSON.parse(text) : {},
    };
  };
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answered> =>
    ask(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers });
  return { ask, post };
}

/** The answer is a problem of that status and code, complete, with such a detail. */
export function assertProblem(answer: Answered, status: number, code: string, detail = /./): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.deepEqual([answer.body.status, answer.body.code], [status, code]);
  for (const name of ['type', 'title', 'detail', 'hint']) assert.ok(answer.body[name], name);
  assert.match(String(answer.body.detail), detail);
}

/** Without the keys that are undefined, as JSON has it: what a filter asks for. */
export function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
