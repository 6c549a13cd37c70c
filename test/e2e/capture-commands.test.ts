import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DiskBudgetPreview } from '../../src/keep/disk/budget.ts';
import { capturingStation } from '../support/capturing-station.ts';
import { jsonLines } from '../support/delivery-station.ts';
import { grownRepository, rows, sluice, standingPlace } from '../support/sluice.ts';

test('sluice capture ls and capture files show a running station; files go on without one (K-11)', async t => {
  const { cwd, station } = await capturingStation(
    t,
    `  collectors:
    - {name: temperature, every: 50ms, file: temp, to: s3://local/outbox/readings}
    - {name: resting, every: 1s, file: temp, to: s3://local/outbox/readings, disabled: true}`,
  );
  const listed = jsonLines<{ name: string; disabled: boolean; readings: number }>(
    await sluice(t, ['capture', 'ls', '--json'], { cwd }),
  );
  assert.deepEqual(
    listed.map(({ name, disabled }) => [name, disabled]),
    [
      ['temperature', false],
      ['resting', true],
    ],
  );
  assert.ok((listed[0]?.readings ?? 0) > 0);
  const forPeople = await sluice(t, ['capture', 'ls'], { cwd });
  assert.match(forPeople.stdout, /^temperature +file +every 50ms? .* readings, 0? *\d* missed/m);
  assert.match(forPeople.stdout, /^resting .* rests$/m);

  station.process.kill('SIGTERM');
  await station.ended;
  const noStation = await sluice(t, ['capture', 'ls'], { cwd });
  assert.notEqual(noStation.code, 0);
  assert.match(noStation.stderr, /no station/i);
  const files = jsonLines<{ id: number; collector: string; objectKey: string | null }>(
    await sluice(t, ['capture', 'files', '--collector', 'temperature', '--limit', '2', '--json'], { cwd }),
  );
  assert.ok(files.length >= 1 && files.length <= 2);
  assert.ok(files.every(({ collector }) => collector === 'temperature'));
  const none = await sluice(t, ['capture', 'files', '--collector', 'resting', '--json'], { cwd });
  assert.deepEqual([none.code, none.stdout], [0, '']);
  const bad = await sluice(t, ['capture', 'files', '--limit', 'many'], { cwd });
  assert.match(bad.stderr, /--limit takes a whole number from 1 on, not "many"/);
  assert.equal(bad.code, 2);
});

test('sluice disk plan counts the clones that may give way without a station, and changes nothing (K-17)', async t => {
  const cwd = standingPlace(t);
  const [kept, pinned] = ['a', 'b'].map(name => grownRepository(join(standingPlace(t), `${name}.git`), 300));
  assert.ok(kept && pinned);
  writeFileSync(
    join(cwd, 'sluice.yaml'),
    'cache: {minFreeDisk: 0}\ncapture: {diskUsageThreshold: 0.000001, captureShareThreshold: 1}\n',
  );
  for (const { path } of [kept, pinned]) assert.equal((await sluice(t, ['bake', path], { cwd })).code, 0);
  assert.equal((await sluice(t, ['cache', 'pin', pinned.path], { cwd })).code, 0);
  const database = join(cwd, 'sluice.db');
  const before = rows(database, 'SELECT * FROM clones ORDER BY url');
  const asked = await sluice(t, ['disk', 'plan', '--json'], { cwd });
  const [{ plan } = { plan: undefined }] = jsonLines<{ plan: DiskBudgetPreview }>(asked);
  const mayGo = Number(before.find(({ url }) => url === kept.path)?.bytes);
  assert.ok(mayGo > 0);
  assert.deepEqual(plan?.steps, [{ name: 'clones', bytes: mayGo, inodes: 0 }]);
  assert.deepEqual(rows(database, 'SELECT * FROM clones ORDER BY url'), before);
});
