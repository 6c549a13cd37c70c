import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Slots } from '../../src/base/slots.ts';

test('so many tasks run at once, the others begin in the order of asking, and a failure is its own', async () => {
  const slots = new Slots(2);
  const begun: number[] = [];
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<number>());
  const runs = gates.map(({ promise }, index) =>
    slots.run(() => {
      begun.push(index);
      return promise;
    }),
  );
  await nextTurn();
  assert.deepEqual(begun, [0, 1]);
  gates[1]?.reject(new Error('its own'));
  await assert.rejects(runs[1] as Promise<number>, /its own/);
  assert.deepEqual(begun, [0, 1, 2]);
  for (const [index, { resolve }] of gates.entries()) resolve(index);
  assert.deepEqual(await Promise.all([runs[0], runs[2], runs[3]]), [0, 2, 3]);
  assert.deepEqual(begun, [0, 1, 2, 3]);
  assert.equal(await slots.run(async () => 'free again'), 'free again');
});
