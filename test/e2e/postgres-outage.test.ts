import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StationStatus } from '../../src/station/status/status.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { testAddress } from '../support/postgres/postgres.ts';
import { grownRepository, sluice, standingPlace, startStation, until } from '../support/sluice.ts';

test('while Postgres is away a station answers with what it knew, says since when, and once in its log (F-407)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'origin.git'), 12, 3);
  const address = await testAddress();
  const proxy = await startFaultProxy(`http://127.0.0.1:${address.place.port}`, () => ({ kind: 'none' }));
  t.after(() => proxy.stop());
  const env = { STORE: address.tcpUrl(Number(new URL(proxy.endpoint).port)) };
  const yaml = `repos: ["${origin.path}"]\nstore: \${STORE}\n`;
  const station = await startStation(t, { cwd, yaml, env });
  const status = async (): Promise<StationStatus> => {
    const { status: code, body } = await station.ask('/api/v1/status');
    assert.equal(code, 200);
    return body as unknown as StationStatus;
  };
  await until('it is baked', async () => (await status()).repos?.commits === 12);
  await proxy.refuse();
  proxy.resetAll();
  const { store, repos } = await until('it is noticed', async () => {
    const answer = await status();
    return answer.store.away !== null && answer;
  });
  assert.deepEqual([repos.commits, store.away?.code], [12, 'database_unreachable']);
  assert.notEqual(store.figuresAt, null);
  for (const path of ['/metrics', '/api/v1/troubles', '/'])
    assert.equal((await fetch(station.url + path)).status, 200, path);
  const said = await sluice(t, ['status'], { cwd, env });
  assert.match(said.stdout, /store +away since [^ ]+: .*is not reached/);
  assert.match(said.stdout, /1 known, 1 tracked, 0 failing, 12 commits/);
  await proxy.accept();
  await until('it is back', async () => (await status()).store.away === null);
  await until('it works again', async () => (await station.ask('/readyz')).status === 200);
  station.process.kill('SIGTERM');
  const { code, stderr, stdout } = await station.ended;
  assert.equal(code, 0, stderr);
  const told = `${stderr}${stdout}`.split('\n').filter(line => /unreachable|the store is/.test(line));
  assert.deepEqual(
    told.map(line => (JSON.parse(line) as { msg: string }).msg),
    ['the store is away: work waits for it', 'the store is back'],
  );
});
