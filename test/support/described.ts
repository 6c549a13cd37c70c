import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../src/api/openapi.ts';
import { type OperationName, PATHS, placeOf } from '../../src/api/paths.ts';

/** An answer of a station, to be compared with the description of its API. */
export interface GivenAnswer {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

interface DescribedResponse {
  readonly content?: Readonly<Record<string, unknown>>;
}

const ADDRESS = 'https://sluice.invalid/openapi.json';
let ajv: Ajv2020 | undefined;
let responses: ReadonlyMap<OperationName, Readonly<Record<string, DescribedResponse>>> = new Map();
const validators = new Map<string, ValidateFunction>();

function load(): Ajv2020 {
  if (ajv) return ajv;
  const document = openApiDocument('0.0.0', { closed: true }) as unknown as {
    readonly paths: Readonly<
      Record<string, Readonly<Record<string, { readonly responses: Record<string, DescribedResponse> }>>>
    >;
  };
  responses = new Map(
    (Object.keys(PATHS) as OperationName[]).map(name => {
      const { method, path } = placeOf(name);
      return [name, document.paths[path]?.[method.toLowerCase()]?.responses ?? {}];
    }),
  );
  ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, ADDRESS);
  return ajv;
}

/** The operation that a request asks for; undefined where it is none of the API's. */
export function operationOf(method: string, path: string): OperationName | undefined {
  const [bare = ''] = path.split('?');
  const asked = method === 'HEAD' ? 'GET' : method;
  return (Object.keys(PATHS) as OperationName[]).find(name => {
    const place = placeOf(name);
    const pattern = place.path
      .replaceAll(/[.]/g, '\\.')
      .replace('{id}', '[0-9]+')
      .replaceAll(/\{\w+\}/g, '[^/]+');
    return place.method === asked && new RegExp(`^${pattern}$`).test(bare);
  });
}

/**
 * Fails unless the answer is one that the API's description has, with all that it must have and nothing else. Answers of
 * what is no part of the API are left alone.
 */
export function assertDescribed({ method, path, status, contentType, text }: GivenAnswer): void {
  const name = operationOf(method, path);
  if (name === undefined || status === 304 || method === 'HEAD' || method === 'OPTIONS') return;
  const about = `${method} ${path} answered ${status}`;
  const validator = load();
  const key = status < 400 || status === 503 ? String(status) : 'default';
  const described = responses.get(name)?.[key] ?? responses.get(name)?.default;
  const kind = key in (responses.get(name) ?? {}) ? key : 'default';
  const type = contentType?.split(';')[0];
  if (type === undefined || text === '') {
    assert.equal(described?.content, undefined, `${about}, and nothing else`);
    return;
  }
  assert.ok(described?.content?.[type], `${about} with ${type}, which is not described`);
  if (!/json$/.test(type)) return;
  const { path: place } = placeOf(name);
  const pointer = [
    'paths',
    place,
    placeOf(name).method.toLowerCase(),
    'responses',
    kind,
    'content',
    type,
    'schema',
  ]
    .map(part => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const known = validators.get(pointer) ?? validator.compile({ $ref: `${ADDRESS}#/${pointer}` });
  validators.set(pointer, known);
  assert.ok(
    known(JSON.parse(text)),
    `${about}: ${validator.errorsText(known.errors)} in ${text.slice(0, 2000)}`,
  );
}

/** As `fetch`, of answers that the API's description has. @param onAsked called with each operation that was asked for */
export function checkedFetch(onAsked: (name: OperationName) => unknown = () => undefined): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    const { pathname, search } = new URL(String(url));
    const method = init?.method ?? 'GET';
    const name = operationOf(method, pathname);
    if (name !== undefined) onAsked(name);
    const contentType = response.headers.get('content-type');
    if (contentType?.startsWith('text/event-stream')) return response;
    const text = await response.clone().text();
    assertDescribed({ method, path: pathname + search, status: response.status, contentType, text });
    return response;
  };
}
