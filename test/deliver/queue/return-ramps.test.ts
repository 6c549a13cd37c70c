import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReturnRamps } from '../../../src/deliver/queue/return-ramps.ts';
import { startDelivery, until } from '../../support/delivery.ts';
import { profileFor } from '../../support/s3-profile.ts';
import { startS3Server } from '../../support/s3-server/server.ts';

test('what is under way to an endpoint that is back grows with what arrives, and others are free (D-326)', () => {
  const ramps = new ReturnRamps(64);
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
    fc.record({ act: fc.constantFrom('begin', 'choose', 'arrive', 'fail'), id: fc.nat(20) }),
  );
  fc.assert(
    fc.property(steps, taken => {
      const ramps = new ReturnRamps(32);
      const underWay = new Set<number>();
      for (const { act, id } of taken) {
        if (act === 'begin') ramps.begin('a');
        else if (act === 'choose') {
          if (ramps.room('a') === 0) continue;
          ramps.chose('a', id);
          underWay.add(id);
        } else {
          ramps.ended('a', id, act === 'arrive');
          underWay.delete(id);
        }
        if (underWay.size === 0) assert.ok(ramps.room('a') > 0);
      }
    }),
  );
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
