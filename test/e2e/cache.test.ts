import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { grownRepository, sluice, standingPlace, startStation } from '../support/sluice.ts';

interface Listed {
  readonly url: string;
  readonly onDisk: boolean;
  readonly bytes: number;
  readonly pinnedBy: string | null;
  readonly hits: number;
  readonly freedBytes?: number;
  readonly error?: { readonly code: string };
  readonly cold: { readonly location: string } | null;
}

test('sluice cache without a station: ls, pin, evict into cold storage, fetch back (R-18, R-20)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(standingPlace(t), 'a.git'), 300);
  mkdirSync(join(cwd, 'store', 'cold'), { recursive: true });
  writeFileSync(join(cwd, 'credentials'), `[folder]\nprovider = directory\npath = ${join(cwd, 'store')}\n`);
  writeFileSync(
    join(cwd, 'sluice.yaml'),
    'cache: {minFreeDisk: 0, coldStorage: "s3://folder/cold/clones"}\n',
  );
  const run = async (...args: string[]): Promise<{ code: number | null; lines: Listed[] }> => {
    const { code, stdout } = await sluice(t, ['--credentials', 'credentials', 'cache', ...args, '--json'], {
      cwd,
    });
    const lines = stdout.trim().split('\n').filter(Boolean);
    return { code, lines: lines.map(line => JSON.parse(line) as Listed) };
  };
  assert.deepEqual((await run('fetch', origin.path)).code, 0);
  assert.deepEqual((await run('pin', origin.path)).code, 0);
  const [listed] = (await run('ls')).lines;
  assert.deepEqual(
    [listed?.url, listed?.onDisk, listed?.pinnedBy, listed?.cold],
    [origin.path, true, 'hand', null],
  );
  const freed = await run('evict', '--bytes', '1B');
  assert.deepEqual([freed.code, freed.lines[0]?.freedBytes], [1, 0], 'pinned');
  const evicted = await run('evict', origin.path);
  assert.deepEqual([evicted.code, evicted.lines[0]?.freedBytes], [0, listed?.bytes]);
  assert.deepEqual(readdirSync(join(cwd, 'station', 'cache')), []);
  const [gone] = (await run('ls')).lines;
  assert.deepEqual(
    [gone?.onDisk, gone?.cold?.location.startsWith('s3://folder/cold/clones/')],
    [false, true],
  );
  const again = await run('evict', origin.path, '/nowhere/x');
  assert.deepEqual(
    [again.code, again.lines.map(({ error }) => error?.code)],
    [1, ['not_found', 'not_found']],
  );
  const { stdout } = await sluice(t, ['--credentials', 'credentials', 'bake', origin.path, '--json'], {
    cwd,
  });
  assert.equal(JSON.parse(stdout).cache, 'restore');
});

test('the cache of a running station over HTTP and in its status; config.cache.neverEvict as it stands (R-14, R-20)', async t => {
  const cwd = standingPlace(t);
  const [a, b] = ['a', 'b'].map(name => grownRepository(join(cwd, `${name}.git`), 100));
  assert.ok(a && b);
  const yaml = `config: {cache: {neverEvict: ["${a.path}"], minFreeDisk: 0}}\ngit: {allowPaths: ["${cwd}"]}\n`;
  const station = await startStation(t, { cwd, yaml });
  for (const { path } of [a, b])
    assert.equal((await station.ask('/bake', { url: path, wait: true })).status, 200);
  const before = (await station.ask('/api/v1/cache')).body as unknown as {
    entries: Listed[];
    clones: number;
  };
  assert.deepEqual(
    before.entries.map(({ url, pinnedBy }) => [url, pinnedBy]),
    [
      [a.path, 'configuration'],
      [b.path, null],
    ],
  );
  const evicted = await station.ask('/api/v1/cache/evict', { bytes: 2 ** 40 });
  assert.deepEqual((evicted.body as unknown as { evicted: string[] }).evicted, [b.path]);
  assert.equal((await station.ask('/api/v1/cache/pin', { url: b.path })).status, 200);
  assert.equal((await station.ask('/api/v1/cache/evict', { url: b.path })).body.code, 'not_found');
  assert.equal((await station.ask('/api/v1/cache/pin', { url: '/etc' })).status, 404);
  const { cache } = (await station.ask('/api/v1/status')).body as unknown as { cache: { clones: number } };
  assert.equal(cache.clones, 1);
  assert.match((await sluice(t, ['status'], { cwd })).stdout, /cache +1 clone,/);
});
