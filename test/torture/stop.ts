/**
 * Torture of stopping: `node test/torture/stop.ts [--files 50000] [--directories 8000] [--size 5368709120] [--only NAME] [--short]`.
 * A station that was just sent SIGTERM ends with exit 0 within five seconds, whatever happened before: after files in
 * directories of their own were delivered, while files are entered, while many wait for an endpoint that is down, in the
 * middle of a large upload that goes on or stands still, while nobody answers, and on a full disk. One line a case; exits
 * 1 when one takes longer. It runs itself in a mount namespace of its own, for the disk that fills up; where that cannot
 * be had it says so and leaves it out.
 */
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { credentialsFor, type DeliveryPlace, deliveryPlace } from '../support/delivery-station.ts';
import { type RunningStation, rows } from '../support/sluice.ts';
import { SmallDisk } from '../support/world/disk.ts';
import { inMountNamespace } from '../support/world/namespace.ts';

const STOP_MS = 5000;
const { values } = parseArgs({
  options: {
    files: { type: 'string' },
    directories: { type: 'string' },
    size: { type: 'string' },
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    /** Set for the process in the namespace. */
    mounts: { type: 'boolean', default: false },
  },
});
const scale = values.short
  ? { files: 3000, directories: 500, sizeBytes: 2 ** 28 }
  : { files: 50_000, directories: 8000, sizeBytes: 5 * 2 ** 30 };
const files = Number(values.files ?? scale.files);
const directories = Number(values.directories ?? scale.directories);
const sizeBytes = Number(values.size ?? scale.sizeBytes);

/** Brings a station to where it is to be stopped. */
type Arrange = (t: TestContext, place: DeliveryPlace) => Promise<RunningStation>;

/** A machine that does much else takes long to come there; only the stop has a bound. */
async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 900_000;
  while (!(await check())) {
    assert.ok(performance.now() < deadlineMs, `waited in vain until ${what}`);
    await pause(200);
  }
}

const count = (place: DeliveryPlace, where: string): number =>
  Number(rows(join(place.cwd, 'sluice.db'), `SELECT count(*) AS n FROM file_records WHERE ${where}`)[0]?.n);

const requested = (place: DeliveryPlace, operation: string, times: number): boolean =>
  place.server.requests.filter(one => one.operation === operation).length >= times;

function dropMany(place: DeliveryPlace, count: number, pathOf: (index: number) => string): void {
  for (let index = 0; index < count; index += 1) place.drop(pathOf(index), `content ${index}`);
}

function dropSparse(place: DeliveryPlace, bytes: number): void {
  place.drop('large.bin', '');
  const descriptor = openSync(join(place.cwd, 'station/incoming/store/bucket/large.bin'), 'r+');
  ftruncateSync(descriptor, bytes);
  closeSync(descriptor);
}

const CASES: Readonly<Record<string, Arrange>> = {
  'directories emptied': async (_t, place) => {
    dropMany(place, directories, index => `deep/er/${index}/file`);
    const station = await place.up();
    await station.before(
      until('all are delivered', () => count(place, "current_state = 'completed'") === directories),
    );
    return station;
  },
  'directories emptied, nothing kept': async (_t, place) => {
    dropMany(place, directories, index => `deep/er/${index}/file`);
    const station = await place.up('deliver: {keepCompleted: never}\n');
    await station.before(
      until('all are delivered', () => count(place, "current_state = 'completed'") === directories),
    );
    return station;
  },
  'files being entered': async (_t, place) => {
    const station = await place.up();
    dropMany(place, files, index => `f${index % 100}/${index}`);
    await station.before(until('some are on record', () => count(place, '1') > 1000));
    return station;
  },
  'files wait for an endpoint that is down': async (_t, place) => {
    await place.server.stop();
    dropMany(place, files, index => `f${index % 100}/${index}`);
    const station = await place.up();
    await station.before(
      until('all are on record', () => count(place, "current_state = 'incoming'") === files),
    );
    return station;
  },
  'a large upload goes on': async (_t, place) => {
    const station = await place.up();
    dropSparse(place, sizeBytes);
    await station.before(until('parts arrive', () => requested(place, 'UploadPart', 6)));
    return station;
  },
  'a large upload stands still': async (_t, place) => {
    place.server.faults.add({ kind: 'stall', operation: 'UploadPart', afterBytes: 100_000 });
    const station = await place.up();
    dropSparse(place, sizeBytes);
    await station.before(until('parts are begun', () => requested(place, 'UploadPart', 2)));
    return station;
  },
  'nobody answers': async (t, place) => {
    const open = new Set<Socket>();
    const silent = createServer(socket => void open.add(socket.on('error', () => undefined)));
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      for (const socket of open) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as { port: number };
    const endpoint = `http://127.0.0.1:${port}`;
    place.write('credentials', credentialsFor({ ...place.server, endpoint }));
    const station = await place.up();
    dropMany(place, 200, index => `${index}`);
    await station.before(until('it asks', () => open.size > 0));
    return station;
  },
};

async function stopped(station: RunningStation): Promise<string> {
  const startMs = performance.now();
  station.process.kill('SIGTERM');
  const { code, stderr } = await station.ended;
  const tookMs = performance.now() - startMs;
  assert.equal(code, 0, stderr);
  assert.ok(tookMs <= STOP_MS, `it took ${Math.round(tookMs)} ms`);
  return `${Math.round(tookMs)} ms`;
}

if (values.mounts || !inMountNamespace(import.meta.filename)) {
  for (const [name, arrange] of Object.entries(CASES))
    test(name, { skip: values.only !== undefined && values.only !== name }, async t => {
      const place = await deliveryPlace(t);
      console.log(`torture stop: ${name}: ${await stopped(await arrange(t, place))}`);
    });
  test('full disk', { skip: values.only !== undefined && values.only !== 'full disk' }, async t => {
    if (!values.mounts) return void console.log('no mount namespace here: no disk fills up');
    const place = await deliveryPlace(t);
    const folder = join(place.cwd, 'disk');
    mkdirSync(folder);
    const disk = new SmallDisk(folder);
    try {
      const station = await place.up(
        `deliver: {directory: ${folder}/station}\ndatabase: ${folder}/sluice.db\ncache: {minFreeDisk: 0}\n`,
      );
      const incoming = join(folder, 'station/incoming/store/bucket');
      mkdirSync(incoming, { recursive: true });
      for (let index = 0; index < 2000; index += 1)
        writeFileSync(join(incoming, `${index}`), `content ${index}`);
      disk.fill('bytes');
      await station.before(until('it says so', () => /no room left|disk is held/.test(station.stderr())));
      console.log(`torture stop: full disk: ${await stopped(station)}`);
    } finally {
      disk.unmount();
    }
  });
}
