import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { partSizesOf } from '../../../src/deliver/attempt/adopt.ts';
import { HeldObjects } from '../../../src/deliver/attempt/held-objects.ts';
import type { ObjectEntry, ObjectListOptions } from '../../../src/keep/buckets/bucket.ts';

/** A bucket that lists so many keys a page. */
function bucketOf(keys: readonly string[], pageKeys: number) {
  const sorted = [...new Set(keys)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const asked: string[] = [];
  return {
    asked,
    store: {
      async listObjects(_bucket: string, { startAfter = '' }: ObjectListOptions = {}) {
        asked.push(startAfter);
        const after = sorted.filter(key => Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0);
        const objects = after
          .slice(0, pageKeys)
          .map((key): ObjectEntry => ({ key, size: key.length, etag: key, lastModifiedMs: 0 }));
        return after.length > pageKeys ? { objects, continuation: 'more' } : { objects };
      },
    },
  };
}

const about = { profile: 'p', bucket: 'b', signal: new AbortController().signal };

test('pages of a listing tell of each key whether it is there, and of none twice (D-561)', async () => {
  const segment = fc.constantFrom('a', 'a-b', 'é', '😀', 'z');
  const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map(parts => parts.join('/'));
  await fc.assert(
    fc.asyncProperty(fc.array(key, { maxLength: 30 }), fc.array(key), async (keys, questions) => {
      const { store } = bucketOf(keys, 7);
      const held = new HeldObjects({ nowMs: () => 0 });
      const left = new Set(keys);
      for (const one of questions) {
        const entry = await held.take({ ...about, store, key: one });
        assert.equal(entry === 'unlisted' ? entry : entry?.key, left.has(one) ? one : undefined);
        left.delete(one);
      }
    }),
  );
});

test('2,500 files of a folder, asked for at once in any order, are three pages; later they are listed anew (D-561)', async () => {
  const keys = Array.from({ length: 2500 }, (_, index) => `x/${(index * 7919) % 2500}`);
  const { store, asked } = bucketOf(keys, 1000);
  let nowMs = 0;
  const held = new HeldObjects({ nowMs: () => nowMs });
  const entries = await Promise.all(keys.map(key => held.take({ ...about, store, key })));
  assert.ok(entries.every((entry, index) => typeof entry === 'object' && entry.key === keys[index]));
  assert.equal(asked.length, 3);
  assert.equal(asked[0], 'x/');
  held.forget('p', 'b', 'x/1');
  nowMs = 301_000;
  assert.equal(typeof (await held.take({ ...about, store, key: 'x/1' })), 'object');
  assert.equal(asked.length, 4);
});

test('where a listing would take long a question is left to others, and its pages help the next (D-561)', async () => {
  const { store, asked } = bucketOf(
    Array.from({ length: 100 }, (_, index) => `k${index + 100}`),
    5,
  );
  const held = new HeldObjects({ nowMs: () => 0 });
  assert.equal(await held.take({ ...about, store, key: 'k199' }), 'unlisted');
  assert.equal(asked.length, 10);
  assert.equal(typeof (await held.take({ ...about, store, key: 'k199' })), 'object');
  assert.equal(asked.length, 20);
});

test('an ETag tells by which parts an object may have been sent (D-561)', () => {
  const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
  assert.deepEqual(partSizesOf(md5, 10), [Number.POSITIVE_INFINITY]);
  assert.deepEqual(partSizesOf(`${md5}-1`, 5 * 2 ** 20).slice(0, 2), [5 * 2 ** 20, 8 * 2 ** 20]);
  assert.deepEqual(partSizesOf(`${md5}-2`, 6 * 2 ** 20), [5 * 2 ** 20]);
  // Whoever chose another size, in whole MiB: where few come into question, all of them do.
  assert.deepEqual(partSizesOf(`${md5}-4`, 20_000_000), [5 * 2 ** 20, 6 * 2 ** 20]);
  assert.deepEqual(
    partSizesOf(`${md5}-10`, 119 * 2 ** 20),
    [12, 13].map(mib => mib * 2 ** 20),
  );
  assert.deepEqual(partSizesOf(`${md5}-2`, 2 ** 30), [512 * 2 ** 20]);
  for (const etag of ['', 'abc', `${md5}-x`, `${md5}-3000`])
    assert.deepEqual(partSizesOf(etag, 6 * 2 ** 20), []);
});
