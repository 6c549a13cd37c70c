import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EndpointRamps } from '../../../src/deliver/queue/endpoint-ramps.ts';
import { startDelivery, until } from '../../support/delivery.ts';
import { DELIVERY_RETRY } from '../../support/delivery-settings.ts';
import { profileFor } from '../../support/s3-profile.ts';
import { startS3Server } from '../../support/s3-server/server.ts';

let nowMs = 0;
const rampsOf = (lanes: number) =>
  new EndpointRamps({ clock: { monotonicMs: () => nowMs }, lanes, longestPauseMs: 60_000 });

test('what is under way to an endpoint that is back grows with what arrives, and others are free (D-326)', () => {
  const ramps = rampsOf(64);
  assert.equal(ramps.room('a'), Number.POSITIVE_INFINITY);
  ramps.begin('a');
  let id = 0;
  const rounds: number[] = [];
  while (ramps.room('a') !== Number.POSITIVE_INFINITY) {
    const ids = Array.from({ length: ramps.room('a') }, () => ++id);
    rounds.push(ids.length);
    for (const one of ids) ramps.chose('a', one);
    assert.equal(ramps.room('a'), 0);
    for (const one of ids) ramps.ended('a', one, true);
  }
  assert.deepEqual(rounds, [4, 8, 16, 32]);
  assert.equal(ramps.room('b'), Number.POSITIVE_INFINITY);
});

test('a ramp never holds everything up: with nothing under way there is room (D-326)', () => {
  const steps = fc.array(
    fc.record({
      act: fc.constantFrom('begin', 'slow', 'choose', 'hand back', 'arrive', 'fail'),
      id: fc.nat(20),
    }),
  );
  fc.assert(
    fc.property(steps, taken => {
      const ramps = rampsOf(32);
      const underWay = new Set<number>();
      for (const { act, id } of taken) {
        if (act === 'begin') ramps.begin('a');
        else if (act === 'slow') nowMs += ramps.slow('a') ?? 60_000;
        else if (act === 'choose') {
          if (ramps.room('a') === 0) continue;
          ramps.chose('a', id);
          underWay.add(id);
        } else {
          if (act === 'hand back') ramps.handBack('a', id);
          else ramps.ended('a', id, act === 'arrive');
          underWay.delete(id);
        }
        if (underWay.size === 0) assert.ok(ramps.room('a') > 0);
      }
    }),
  );
});

test('an endpoint that asks for less gets half, then a few, then none for pauses that double; one file that arrives ends them (D-600)', () => {
  const ramps = rampsOf(64);
  let id = 0;
  /** All that may be chosen is, and ends so. */
  const round = (hasArrived: boolean): number => {
    const ids = Array.from({ length: ramps.room('a') }, () => ++id);
    for (const one of ids) ramps.chose('a', one);
    for (const one of ids) {
      if (!hasArrived) ramps.slow('a');
      ramps.ended('a', one, hasArrived);
    }
    return ids.length;
  };
  assert.equal(ramps.slow('a'), 0);
  assert.equal(round(false), 32);
  assert.equal(ramps.room('a'), 0);
  const pausesMs: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    const beganMs = nowMs;
    const pauseLeftMs = ramps.pauseLeftMs('a');
    while (ramps.room('a') === 0) nowMs += 500;
    pausesMs.push(nowMs - beganMs);
    assert.deepEqual([nowMs - beganMs, ramps.pauseLeftMs('a')], [pauseLeftMs, 0]);
    assert.equal(round(false), 4);
  }
  assert.deepEqual(pausesMs, [1000, 2000, 4000, 8000]);
  while (ramps.room('a') === 0) nowMs += 500;
  assert.equal(round(true), 4);
  assert.equal(round(false), 8);
  assert.equal(ramps.slow('a'), undefined, 'what was sent before the pause makes it no longer');
  nowMs += 1000;
  assert.equal(ramps.room('a'), 4, 'the pauses begin anew');
});

test('where every upload is answered by SlowDown, a waiting file costs no call, and all arrive once it is over (D-600)', async t => {
  const FILES = 300;
  const server = await startS3Server();
  t.after(() => server.stop());
  const rig = await startDelivery(t, {
    profiles: [profileFor(server, { name: 'cloud' })],
    settings: {
      smallAtOnce: 32,
      probeIntervalMs: 100,
      retry: { ...DELIVERY_RETRY, firstMs: 50, factor: 1, jitter: 0, maxRetries: 1000 },
    },
  });
  server.faults.add({
    kind: 'error',
    status: 503,
    code: 'SlowDown',
    operation: 'PutObject',
    times: 1_000_000,
  });
  for (let file = 0; file < FILES; file += 1) rig.write(`incoming/cloud/bucket/f${file}`, 'x');
  const puts = (): number => server.requests.filter(one => one.operation === 'PutObject').length;
  const { journal } = rig.delivery;
  const isEntered = (): boolean => journal.counts().incoming + journal.counts().processing === FILES;
  await until(() => isEntered() && puts() > 32);
  const before = puts();
  assert.ok(before < FILES / 2, `${before} uploads of ${FILES} files`);
  server.faults.clear();
  await until(() => journal.counts().completed === FILES);
});

test('with hundreds waiting, few go first to a server that is back; all arrive (D-326)', async t => {
  const FILES = 300;
  const server = await startS3Server();
  t.after(() => server.stop());
  const rig = await startDelivery(t, {
    profiles: [profileFor(server, { name: 'cloud' })],
    settings: { probeIntervalMs: 50 },
  });
  server.faults.add({ kind: 'html', status: 302, times: 1_000_000 });
  for (let file = 0; file < FILES; file += 1) rig.write(`incoming/cloud/bucket/f${file}`, 'x');
  const waiting = (): number => {
    const { incoming, processing } = rig.delivery.journal.counts();
    return rig.delivery.status().uploading > 0 ? 0 : incoming + processing;
  };
  await until(() => rig.delivery.status().links[0]?.state === 'offline' && waiting() === FILES);
  server.faults.clear();
  // What goes while the first ones are still under way.
  server.faults.add({ kind: 'slow', operation: 'PutObject', bytesPerTick: 1, tickMs: 500, times: 12 });
  const puts = (): number => server.requests.filter(one => one.operation === 'PutObject').length;
  const before = puts();
  await until(() => rig.delivery.status().links[0]?.state === 'online' && puts() - before >= 4);
  assert.ok(rig.delivery.status().uploading <= 8, String(rig.delivery.status().uploading));
  await until(() => rig.delivery.journal.counts().completed === FILES);
});
