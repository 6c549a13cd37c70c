import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { StationStatus } from '../../src/station/status/status.ts';
import { type DeliveryPlace, deliveryPlace, isCompleted } from '../support/delivery-station.ts';
import { startS3Server } from '../support/s3-server/server.ts';
import { startSluice, until } from '../support/sluice.ts';

const MIB = 2 ** 20;

test('sync now delivers what waits with the schedule off; without a station it says so (D-23)', async t => {
  const place = await deliveryPlace(t);
  const alone = await place.run('sync', 'now');
  assert.equal(alone.code, 1, alone.stderr);
  assert.match(alone.stderr, /no station is running/);
  await place.up('sync: {automatic: false}\n');
  place.drop('waits', 'x');
  const synced = await place.run('sync', 'now', '--json');
  assert.equal(synced.code, 0, synced.stderr);
  assert.deepEqual(JSON.parse(synced.stdout), { delivered: 1, failed: 0, waiting: 0, empty: 0, held: [] });
  assert.equal(String(await place.server.read('bucket', 'waits')), 'x');
});

test('sync now ends when its caller goes away, and when the station stops (D-23, S-8)', async t => {
  const place = await deliveryPlace(t);
  place.server.faults.add({ kind: 'stall', operation: 'PutObject', afterBytes: 0, times: 2 });
  const station = await place.up('sync: {automatic: false}\n');
  place.drop('stuck', 'x');
  const isSending = () => place.server.requests.some(({ operation }) => operation === 'PutObject');
  const caller = startSluice(t, ['sync', 'now', ...place.args], { cwd: place.cwd });
  await caller.before(until('it is sending', isSending));
  caller.process.kill('SIGINT');
  assert.equal((await caller.ended).code, 130);
  const asked = station.ask('/api/v1/deliveries/sync', {});
  const { deliveries } = (await station.ask('/api/v1/status')).body as unknown as StationStatus;
  assert.equal(deliveries.uploading, 1);
  station.process.kill('SIGTERM');
  const { status, body } = await asked;
  assert.deepEqual([status, body.code], [503, 'stopping']);
  assert.equal((await station.ended).code, 0, station.stderr());
  assert.equal(place.records("current_state = 'processing'").length, 1);
});

/** A station with six files, of which uploads stand still in the middle. */
async function stationInMidUpload(t: TestContext) {
  const place = await deliveryPlace(t);
  const files = new Map<string, Buffer>([['large.bin', randomBytes(20 * MIB)]]);
  for (let index = 0; index < 5; index += 1) files.set(`small-${index}`, randomBytes(50_000));
  place.server.faults.add(
    { kind: 'stall', operation: 'UploadPart', afterBytes: 100_000 },
    { kind: 'stall', operation: 'PutObject', afterBytes: 1000, times: 2 },
  );
  const station = await place.up();
  for (const [name, content] of files) place.drop(name, content);
  await station.before(
    until('uploads are in the middle', () => {
      const asked = new Set(place.server.requests.map(({ operation }) => operation));
      return asked.has('UploadPart') && place.records("current_state = 'completed'").length === 3;
    }),
  );
  return { place, station, files };
}

async function assertAllDelivered(place: DeliveryPlace, files: ReadonlyMap<string, Buffer>): Promise<void> {
  await isCompleted(place, files.size);
  assert.equal(place.records().length, files.size);
  assert.deepEqual([...place.server.objects('bucket').keys()].toSorted(), [...files.keys()].toSorted());
  for (const [name, content] of files) {
    assert.ok(content.equals(await place.server.read('bucket', name)), name);
  }
}

test('killed with -9 in the middle of uploads and started again, each object is there once, byte for byte (D-45, T-12)', async t => {
  const { place, station, files } = await stationInMidUpload(t);
  station.process.kill('SIGKILL');
  await station.ended;
  place.server.faults.clear();
  await place.up();
  await assertAllDelivered(place, files);
});

test('Life cycle: SIGTERM in the middle of uploads ends within 6 s with exit 0, and the next station delivers (D-45, S-23)', async t => {
  const { place, station, files } = await stationInMidUpload(t);
  const startMs = performance.now();
  station.process.kill('SIGTERM');
  const { code } = await station.ended;
  const tookMs = performance.now() - startMs;
  assert.equal(code, 0, station.stderr());
  assert.ok(tookMs < 6000, `${tookMs} ms`);
  place.server.faults.clear();
  await place.up();
  await assertAllDelivered(place, files);
});

test('an endpoint that is down is shown offline and sync now says so; back again, the file goes (D-23, D-41)', async t => {
  const place = await deliveryPlace(t);
  const { endpoint } = place.server;
  await place.server.stop();
  const station = await place.up();
  place.drop('late', 'late');
  const linkIs = (state: string) =>
    until(`the link is ${state}`, async () => {
      const { links } = (await station.ask('/api/v1/status')).body as unknown as StationStatus;
      return links[0]?.state === state;
    });
  await linkIs('offline');
  const [link] = JSON.parse((await place.run('status', '--json')).stdout).links;
  assert.equal(link.state, 'offline');
  assert.deepEqual(Object.keys(link), ['endpoint', 'state', 'since', 'sinceAt']);
  assert.equal(link.endpoint, endpoint);
  assert.ok(Date.parse(link.since) > 0);
  const refused = await place.run('sync', 'now');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /nothing answers at/);
  const again = await startS3Server({ port: Number(new URL(endpoint).port) });
  t.after(() => again.stop());
  const synced = await place.run('sync', 'now');
  assert.equal(synced.code, 0, synced.stderr);
  assert.equal(String(await again.read('bucket', 'late')), 'late');
  await linkIs('online');
});
