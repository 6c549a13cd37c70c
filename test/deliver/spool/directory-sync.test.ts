import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DirectorySync } from '../../../src/deliver/spool/directory-sync.ts';

/** Time stands still, and a rest is over at once. */
const clock = { monotonicMs: () => 0, sleep: async () => undefined };

/** Notes what is flushed, and how many at once. */
function flusher(failing?: string) {
  const seen = { flushed: [] as string[], now: 0, most: 0 };
  const flushOne = async (directory: string): Promise<void> => {
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise(resolve => setImmediate(resolve));
    seen.now -= 1;
    if (directory === failing) throw new Error(`cannot flush ${directory}`);
    seen.flushed.push(directory);
  };
  return { seen, flushOne };
}

test('of many directories each is flushed once, three at a time, so that other calls have threads left (D-45)', async () => {
  const { seen, flushOne } = flusher();
  const sync = new DirectorySync(clock, flushOne);
  const folders = Array.from({ length: 300 }, (_, number) => `bucket/${number}`);
  await Promise.all(folders.map(folder => sync.sync(['bucket', folder])));
  assert.deepEqual(seen.flushed.toSorted(), ['bucket', ...folders].toSorted());
  assert.equal(seen.most, 3);
});

test('whoever shares a batch in which a directory cannot be flushed is told, and the next batch goes on (D-45)', async () => {
  const { seen, flushOne } = flusher('bucket/1');
  const sync = new DirectorySync(clock, flushOne);
  const first = ['bucket/0', 'bucket/1', 'bucket/2', 'bucket/3'].map(folder => sync.sync([folder]));
  for (const one of await Promise.allSettled(first)) assert.equal(one.status, 'rejected');
  await sync.sync(['bucket/4']);
  assert.ok(seen.flushed.includes('bucket/4'));
});
