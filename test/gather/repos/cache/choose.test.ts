import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  chooseEvictions,
  type Evictable,
  evictionOrder,
  missingBytes,
  type Room,
} from '../../../../src/gather/repos/cache/choose.ts';

const clones = fc
  .uniqueArray(
    fc.record({
      url: fc.string({ minLength: 1, maxLength: 3 }),
      bytes: fc.nat(1000),
      lastUsedAtMs: fc.nat(20),
      pinned: fc.boolean(),
      inUse: fc.boolean(),
    }),
    { selector: ({ url }) => url, maxLength: 30 },
  )
  .map(list => list as Evictable[]);
const rooms: fc.Arbitrary<Room> = fc.record({
  freeBytes: fc.nat(3000),
  minFreeBytes: fc.nat(2000),
  usedBytes: fc.nat(20_000),
  maxBytes: fc.option(fc.nat(20_000), { nil: undefined }),
  neededBytes: fc.nat(5000),
});

const total = (list: readonly Evictable[]): number => list.reduce((sum, { bytes }) => sum + bytes, 0);

test('never pinned, never in use, least recent first, enough and no more, or a shortage that adds up (R-12, R-14, R-15)', () => {
  fc.assert(
    fc.property(clones, rooms, (list, room) => {
      const { evict, short } = chooseEvictions(list, room);
      const missing = missingBytes(room);
      assert.ok(evict.every(({ pinned, inUse }) => !pinned && !inUse));
      const order = evictionOrder(list);
      assert.deepEqual(evict, order.slice(0, evict.length), 'a prefix of the order of last use');
      for (const [index, clone] of order.entries()) {
        assert.ok(index === 0 || (order[index - 1]?.lastUsedAtMs ?? 0) <= clone.lastUsedAtMs);
      }
      if (short) {
        assert.equal(evict.length, order.length, 'nothing that could have gone was passed over');
        assert.equal(short.missingBytes, missing - total(evict));
        assert.ok(short.missingBytes > 0);
        assert.equal(short.pinnedBytes, total(list.filter(({ pinned }) => pinned)));
      } else {
        assert.ok(total(evict) >= missing);
        assert.ok(evict.length === 0 || total(evict.slice(0, -1)) < missing, 'no more than needed');
      }
    }),
  );
});

test('the bound that bites first is named, and a pinned one blocks none behind it (R-12, R-14)', () => {
  const clone = (url: string, lastUsedAtMs: number, pinned = false): Evictable => ({
    url,
    lastUsedAtMs,
    pinned,
    bytes: 100,
    inUse: false,
  });
  const list = [clone('oldest', 1, true), clone('newer', 3), clone('older', 2)];
  const room = { freeBytes: 1000, minFreeBytes: 500, usedBytes: 300, maxBytes: 350, neededBytes: 100 };
  assert.deepEqual(
    chooseEvictions(list, room).evict.map(({ url }) => url),
    ['older'],
  );
  const none = chooseEvictions(list, { ...room, neededBytes: 300 });
  assert.deepEqual(none.short, { missingBytes: 50, bound: 'maxSize', pinnedBytes: 100, inUseBytes: 0 });
  const disk = chooseEvictions(list, { ...room, maxBytes: undefined, freeBytes: 100 });
  assert.deepEqual(disk.short, { missingBytes: 300, bound: 'minFreeDisk', pinnedBytes: 100, inUseBytes: 0 });
});
