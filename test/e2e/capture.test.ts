import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { capturingStation } from '../support/capturing-station.ts';
import { jsonLines } from '../support/delivery-station.ts';
import { rows, sluice, standingPlace, startStation, until } from '../support/sluice.ts';

interface Line {
  readonly collector: string;
  readonly method: string;
  readonly interval_ms: number;
  readonly tags: readonly string[];
  readonly station: string;
  readonly requested_at: string;
  readonly received_at: string;
  readonly reading: unknown;
}

test('readings of a file reach their bucket, each with its metadata and each file with its lineage (K-1, K-8, K-11)', async t => {
  const {
    cwd,
    station,
    database,
    delivered: lineage,
  } = await capturingStation(
    t,
    `  station: robot-7
  collectors:
    - {name: temperature, every: 20ms, file: temp, to: s3://local/outbox/readings, tags: [lab]}`,
  );
  assert.deepEqual([lineage?.collector, lineage?.method, lineage?.reason], ['temperature', 'file', 'sync']);
  assert.match(
    String(lineage?.object_key),
    /^readings\/temperature\/\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6}\.ndjson$/,
  );
  const delivered = join(cwd, 'station/delivered/outbox');
  const lines = jsonLines<Line>({
    stdout: readFileSync(join(delivered, String(lineage?.object_key)), 'utf8'),
  });
  assert.equal(lines.length, lineage?.readings);
  assert.deepEqual(
    { ...lines[0], requested_at: undefined, received_at: undefined },
    {
      collector: 'temperature',
      method: 'file',
      interval_ms: 20,
      tags: ['lab'],
      station: 'robot-7',
      requested_at: undefined,
      received_at: undefined,
      reading: 41500,
    },
  );
  assert.equal(lines[0]?.requested_at, lineage?.first_at);
  assert.equal(lines.at(-1)?.received_at, lineage?.last_at);
  const { body } = await station.ask('/api/v1/capture');
  const [collector] = (body as unknown as { collectors: { name: string; readings: number; kept: unknown }[] })
    .collectors;
  assert.equal(collector?.name, 'temperature');
  assert.ok((collector?.readings ?? 0) >= lines.length && collector?.kept);
  const listed = await station.ask('/api/v1/capture/files?collector=temperature');
  assert.equal(listed.status, 200);

  station.process.kill('SIGTERM');
  assert.equal((await station.ended).code, 0);
  // At the stop everything is complete and handed over; nothing is in progress.
  const left = readdirSync(join(cwd, 'station/capture'), { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    left.filter(name => /\./.test(name)),
    [],
  );
  const counted = Number(rows(database, 'SELECT sum(readings) AS n FROM capture_files')[0]?.n);
  const areas = [
    'delivered/outbox/readings',
    'incoming/local/outbox/readings',
    'processing/local/outbox/readings',
  ];
  // One that was sent when the stop came lies in its bucket and in processing as well.
  const byName = new Map(
    areas.flatMap(area => filesBelow(join(cwd, 'station', area))).map(file => [basename(file), file]),
  );
  const stored = [...byName.values()];
  const total = stored.reduce((sum, file) => sum + readFileSync(file, 'utf8').split('\n').length - 1, 0);
  assert.equal(total, counted);
});

test('a scheduled sync leaves young files to grow; a manual one completes and delivers them (K-106)', async t => {
  const cwd = standingPlace(t);
  writeFileSync(join(cwd, 'temp'), '41500\n');
  const yaml = `sync: {interval: 100ms}
capture: {collectors: [{name: one, every: 20ms, file: temp, to: s3://local/outbox}]}
`;
  const station = await startStation(t, { cwd, yaml });
  const readings = async () => {
    const { body } = await station.ask('/api/v1/capture');
    return (body as unknown as { collectors: { readings: number }[] }).collectors[0]?.readings ?? 0;
  };
  // More than a second of syncs, ten of them a second.
  await until('readings were taken for a while', async () => (await readings()) > 60);
  const files = () => rows(join(cwd, 'sluice.db'), 'SELECT reason, readings FROM capture_files');
  assert.deepEqual(files(), []);
  assert.equal((await sluice(t, ['sync', 'now'], { cwd })).code, 0);
  const [file] = files();
  assert.equal(file?.reason, 'sync');
  assert.ok(Number(file?.readings) > 50);
});

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}
