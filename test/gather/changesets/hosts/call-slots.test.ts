import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CallSlots } from '../../../../src/gather/changesets/hosts/call-slots.ts';

const never = new AbortController().signal;

function slots(overall: number, perHost: number) {
  const made = new CallSlots(() => ({ overall, perHost }));
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  /** A call that goes on until `end` is called with its name. */
  const run = (name: string, host: string, priority: 'high' | 'normal' = 'normal', signal = never) =>
    made.run(host, priority, signal, () => {
      begun.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.set(name, resolve);
      return promise;
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await nextTurn();
  };
  return { made, begun, run, end };
}

test('so many at once to a host, so many overall; who waits for a busy host holds up no other', async () => {
  const { begun, run, end } = slots(2, 1);
  const calls = [run('a1', 'a'), run('a2', 'a'), run('b1', 'b'), run('c1', 'c')];
  await nextTurn();
  assert.deepEqual(begun, ['a1', 'b1']);
  await end('b1');
  assert.deepEqual(begun, ['a1', 'b1', 'c1']);
  await end('a1');
  assert.deepEqual(begun, ['a1', 'b1', 'c1', 'a2']);
  await end('a2');
  await end('c1');
  await Promise.all(calls);
});

test('high priority goes before what has waited longer', async () => {
  const { begun, run, end } = slots(1, 1);
  const calls = [run('first', 'a'), run('normal', 'a'), run('high', 'b', 'high')];
  await nextTurn();
  for (const name of ['first', 'high', 'normal']) await end(name);
  assert.deepEqual(begun, ['first', 'high', 'normal']);
  await Promise.all(calls);
});

test('one that is aborted while it waits takes no room; one that fails gives it back', async () => {
  const { made, begun, run, end } = slots(1, 1);
  const stop = new AbortController();
  const first = run('first', 'a');
  const aborted = run('aborted', 'a', 'normal', stop.signal);
  stop.abort(new Error('stopped'));
  await assert.rejects(aborted, /stopped/);
  await end('first');
  await first;
  await assert.rejects(
    made.run('a', 'normal', never, async () => {
      throw new Error('failed');
    }),
    /failed/,
  );
  assert.deepEqual([begun, made.hasRoom('a')], [['first'], true]);
});
