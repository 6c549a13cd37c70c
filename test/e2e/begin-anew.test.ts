import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RunningStation, standingPlace, startStation, until } from '../support/sluice.ts';

/** The environment that a process was begun with. */
function begunWith({ process: { pid } }: RunningStation): Readonly<Record<string, string>> {
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
  return Object.fromEntries(
    pairs.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** What a command that the station runs finds in its environment. */
async function environmentOfChildren(cwd: string): Promise<string> {
  const path = join(cwd, 'children');
  return until('a command has run', () => existsSync(path) && readFileSync(path, 'utf8'));
}

const YAML = `
capture:
  collectors:
    - {name: env, every: 50ms, exec: [sh, -c, 'env > children.tmp && mv children.tmp children; echo 1'], to: s3://local/outbox}
`;

async function start(t: TestContext, env: Readonly<Record<string, string | undefined>>) {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd, env, yaml: YAML });
  return { begun: begunWith(station), children: await environmentOfChildren(cwd) };
}

test('a station with nothing compiled begins anew once it is, and later ones find it compiled', async t => {
  const env = { NODE_COMPILE_CACHE: join(standingPlace(t), 'compiled'), MALLOC_ARENA_MAX: undefined };
  const first = await start(t, env);
  assert.equal(first.begun.SLUICE_BEGUN, 'nursery arenas compiled');
  const second = await start(t, env);
  assert.equal(second.begun.SLUICE_BEGUN, 'nursery arenas');
  for (const { begun, children } of [first, second]) {
    assert.equal(begun.MALLOC_ARENA_MAX, '1');
    assert.doesNotMatch(children, /MALLOC_ARENA_MAX|SLUICE_BEGUN/);
  }
});

test('it starts where nothing compiled can be kept, and leaves the heaps that somebody asked for as they are', async t => {
  const { begun, children } = await start(t, {
    NODE_COMPILE_CACHE: '/dev/null/nowhere',
    MALLOC_ARENA_MAX: '3',
  });
  assert.equal(begun.SLUICE_BEGUN, 'nursery compiled');
  assert.match(children, /^MALLOC_ARENA_MAX=3$/m);
});
