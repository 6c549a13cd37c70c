import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, extname, resolve } from 'node:path';
import { test } from 'node:test';
import type { z } from 'zod';
import { openApiDocument } from '../../src/api/openapi.ts';
import { OPERATIONS } from '../../src/api/operations.ts';
import { type OperationName, PATHS, placeOf } from '../../src/api/paths.ts';
import { createClient, StationProblem } from '../../src/client/index.ts';
import { FORGES } from '../../src/gather/forges/definitions.ts';
import { INSIGHTS } from '../../src/insights/catalogue.ts';
import { createApp } from '../../src/server/app.ts';
import { INSIGHT_OPERATIONS } from '../../src/server/routes/insights.ts';
import { PAGE_PATHS } from '../../src/server/routes/pages.ts';
import { appOptions, servedApp } from '../support/served-app.ts';

const SRC = resolve(import.meta.dirname, '../../src');

test('every route is an operation of the description, and every operation is a route (A-530)', () => {
  const files = PAGE_PATHS.map(path => `GET ${path}`);
  const app = createApp(appOptions({ token: 'x' }));
  const routes = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replace(':id{[0-9]+}', '{id}')}`)
    .filter(route => !files.includes(route));
  const described = (Object.keys(PATHS) as OperationName[]).flatMap(name => {
    const { method, path } = placeOf(name);
    return FORGES.map(({ kind }) => `${method} ${path.replace('{kind}', kind)}`);
  });
  assert.deepEqual([...new Set(routes)].sort(), [...new Set(described)].sort());
  const { paths } = openApiDocument('1') as unknown as { paths: Record<string, object> };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(
    documented.sort(),
    [...new Set(described.map(each => each.replace(/\/webhooks\/\w+/, '/webhooks/{kind}')))].sort(),
  );
});

test('an insight answers with the columns that its description has (A-531)', () => {
  assert.deepEqual(Object.keys(INSIGHT_OPERATIONS).sort(), INSIGHTS.map(({ name }) => name).sort());
  for (const { name, key, columns } of INSIGHTS) {
    const { answer } = OPERATIONS[INSIGHT_OPERATIONS[name as keyof typeof INSIGHT_OPERATIONS]];
    const rows = (answer.shape as Record<string, z.ZodType>)[key] as z.ZodArray<z.ZodObject>;
    assert.deepEqual(Object.keys(rows.element.shape), Object.keys(columns), name);
  }
});

/** Older names that stay beside the new ones, since programs know them. */
const OLDER_NAMES = ['since', 'lastUpdated', 'uptimeS', 'behindS'];

test('names of times end in At, of durations in Ms, and such names are nothing else (A-532)', () => {
  const text = JSON.stringify(openApiDocument('1'), (key, value) => {
    if (typeof value !== 'object' || value === null || !('properties' in value)) return value;
    for (const [name, schema] of Object.entries(value.properties as Record<string, object>)) {
      if (OLDER_NAMES.includes(name)) continue;
      const said = JSON.stringify(schema);
      assert.equal(
        said.includes('"date-time"') && !said.includes('properties'),
        /At$/.test(name),
        `${key}: ${name}`,
      );
      if (/Ms$/.test(name)) assert.match(said, /"integer"|milliseconds/, `${key}: ${name}`);
      assert.doesNotMatch(name, /[a-z](S|Secs?|Seconds|Minutes|Time)$|At(Ms|S)$/, `${key}: ${name}`);
    }
    return value;
  });
  assert.ok(text.length > 10_000);
});

test('the client reaches nothing of Node, and its errors carry code and hint (A-534)', async () => {
  const seen = new Set<string>();
  const follow = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const code = stripTypeScriptTypes(readFileSync(file, 'utf8'));
    for (const [, module = ''] of code.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'/gm)) {
      assert.equal(extname(module), '.ts', `${file} imports ${module}`);
      follow(resolve(dirname(file), module));
    }
  };
  follow(resolve(SRC, 'client/index.ts'));
  assert.ok(seen.size >= 3 && seen.size < 10, [...seen].join());

  const { ask } = servedApp({ token: 'right' });
  const client = (token: string) =>
    createClient({
      url: 'http://localhost:8750',
      token,
      fetch: async (url, init) => {
        const { pathname, search } = new URL(String(url));
        const { status, headers, text } = await ask(pathname + search, init);
        return new Response(text || null, { status, headers });
      },
    });
  assert.equal((await client('right').getRun({ id: 7 })).state, 'done');
  assert.deepEqual(await client('right').getHotspots({ repo: [], limit: 3 }), { files: [], unread: [] });
  const problems: unknown[] = [];
  for (const [token, id] of [
    ['wrong', 7],
    ['right', 8],
  ] as const)
    await client(token)
      .getRun({ id })
      .catch((error: unknown) => {
        assert.ok(error instanceof StationProblem);
        problems.push([error.status, error.code, typeof error.hint]);
      });
  assert.deepEqual(problems, [
    [401, 'unauthorized', 'string'],
    [404, 'not_found', 'string'],
  ]);
});
