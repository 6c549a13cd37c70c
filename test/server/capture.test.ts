import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { CaptureFilter, CaptureLineage } from '../../src/keep/local/captures.ts';
import { cursorOf } from '../../src/server/cursor.ts';
import type { StationApi } from '../../src/station/station-api.ts';
import { asJson, servedApp } from '../support/served-app.ts';
import { stationStub } from '../support/station-stub.ts';

const FILE: CaptureLineage = {
  id: 7,
  collector: 'temperature',
  method: 'file',
  intervalMs: 500,
  tags: ['lab'],
  station: 'here',
  profile: 'local',
  bucket: 'outbox',
  filepath: 'readings/temperature/a.ndjson',
  readings: 4,
  bytes: 76,
  reason: 'size',
  completedAtMs: 1_790_000_000_000,
  firstAt: '2026-11-22T10:00:00.000Z',
  lastAt: '2026-11-22T10:00:01.500Z',
  recordId: 3,
  state: 'completed',
  objectKey: 'readings/temperature/a.ndjson',
  deliveredAtMs: 1_790_000_001_000,
  lostAtMs: null,
};

const { completedAtMs: _completed, deliveredAtMs: _delivered, lostAtMs: _lost, ...SAME } = FILE;
const SHOWN = {
  ...SAME,
  completedAt: '2026-09-21T14:13:20.000Z',
  deliveredAt: '2026-09-21T14:13:21.000Z',
  lostAt: null,
};

/** The server's part alone; `filters` holds what the lists were asked for. */
function serve(captures: Partial<StationApi['captures']> = {}) {
  const stub = stationStub();
  const filters: CaptureFilter[] = [];
  const station: StationApi = {
    ...stub,
    captures: {
      ...stub.captures,
      files(filter) {
        filters.push(filter);
        return [FILE];
      },
      ...captures,
    },
  };
  return { filters, ask: servedApp({ station }).ask };
}

test('HTTP: one capture file has its collector, its counts and its object key (K-11)', async () => {
  const { ask } = serve({
    file(id) {
      if (id === FILE.id) return FILE;
      throw new SluiceError('not_found', `there is no capture file ${id}`);
    },
  });
  const there = await ask('/api/v1/capture/files/7');
  assert.deepEqual([there.status, there.body], [200, SHOWN]);
  const missing = await ask('/api/v1/capture/files/8');
  assert.deepEqual([missing.status, missing.body.code], [404, 'not_found']);
  assert.equal((await ask('/api/v1/capture/files/seven')).status, 404);
});

test('HTTP: the list of capture files takes a collector and a page, within bounds (K-11)', async () => {
  const { ask, filters } = serve();
  assert.deepEqual((await ask('/api/v1/capture/files')).body, { files: [SHOWN], total: 0, next: null });
  const { body } = await ask(`/api/v1/capture/files?collector=temperature&cursor=${cursorOf([9])}&limit=1`);
  assert.equal(body.next, cursorOf([7]));
  assert.deepEqual(asJson(filters), [
    { reverse: false, offset: 0, limit: 100 },
    { reverse: false, offset: 0, limit: 1, collector: 'temperature', afterId: 9 },
  ]);
  for (const query of ['limit=0', 'limit=1001', 'cursor=x', 'collector=', 'colector=temperature']) {
    const { status, body } = await ask(`/api/v1/capture/files?${query}`);
    assert.deepEqual([query, status, typeof body.code], [query, 400, 'string']);
  }
});

test('HTTP: the disk budget tells its plan, what would be lost, and what gave way (K-17)', async () => {
  const plan = {
    usedShare: 0.95,
    usedInodeShare: 0.2,
    full: true,
    neededBytes: 500,
    neededInodes: 0,
    missingBytes: 100,
    missingInodes: 0,
    captureShare: 0.6,
    captureInodeShare: 0.1,
    steps: [{ name: 'clones', bytes: 400, inodes: 0 }],
    losesReadings: true,
    files: [{ path: 'local/outbox/readings/temperature/b.ndjson', bytes: 100, readings: 5 }],
  };
  const gone = { step: 'completed', path: null, files: 2, bytes: 10, readings: 0, lost: false };
  const freed = [{ ...gone, atMs: 1 }];
  const limits: number[] = [];
  const { ask } = serve({
    async disk(limit) {
      limits.push(limit);
      return { plan, freed };
    },
  });
  const answer = await ask('/api/v1/disk');
  assert.deepEqual(
    [answer.status, answer.body],
    [200, { plan, freed: [{ ...gone, freedAt: '1970-01-01T00:00:00.001Z' }] }],
  );
  await ask('/api/v1/disk?limit=5');
  assert.deepEqual(limits, [100, 5]);
  assert.equal((await ask('/api/v1/disk?limit=-1')).status, 400);
  const stopped = await serve().ask('/api/v1/disk');
  assert.deepEqual([stopped.status, stopped.body.code], [503, 'stopping']);
});
