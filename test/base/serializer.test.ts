import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Serializer } from '../../src/base/serializer.ts';

test('tasks run one after the other, in the order of asking, and answer with their own values', async () => {
  const serializer = new Serializer();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = serializer.run(async () => {
    seen.push('first begins');
    await gate.promise;
    seen.push('first ends');
    return 1;
  });
  const second = serializer.run(() => {
    seen.push('second');
    return 2;
  });
  await nextTurn();
  assert.deepEqual(seen, ['first begins']);
  gate.resolve();
  assert.deepEqual(await Promise.all([first, second]), [1, 2]);
  assert.deepEqual(seen, ['first begins', 'first ends', 'second']);
});

test('a task that fails, at once or later, fails for its caller only', async () => {
  const serializer = new Serializer();
  const thrown = serializer.run(() => {
    throw new Error('at once');
  });
  const rejected = serializer.run(async () => {
    await nextTurn();
    throw new Error('later');
  });
  const after = serializer.run(() => 'after');
  await assert.rejects(thrown, /at once/);
  await assert.rejects(rejected, /later/);
  assert.equal(await after, 'after');
});

test('idle waits for every task asked for before it, failed ones included', async () => {
  const serializer = new Serializer();
  await serializer.idle();
  const gate = Promise.withResolvers<void>();
  let done = 0;
  const failing = serializer.run(async () => {
    await gate.promise;
    done += 1;
    throw new Error('failed');
  });
  const last = serializer.run(async () => {
    await nextTurn();
    done += 1;
  });
  const idle = serializer.idle().then(() => done);
  gate.resolve();
  assert.equal(await idle, 2);
  await assert.rejects(failing, /failed/);
  await last;
});

test('a task may ask for another, which comes after those that wait already', async () => {
  const serializer = new Serializer();
  const seen: string[] = [];
  let inner: Promise<void> | undefined;
  const outer = serializer.run(() => {
    seen.push('outer');
    inner = serializer.run(() => void seen.push('inner'));
  });
  const waiting = serializer.run(() => void seen.push('waiting'));
  await Promise.all([outer, waiting]);
  await inner;
  assert.deepEqual(seen, ['outer', 'waiting', 'inner']);
});
