import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heightPx, scrolledTo, type Viewed, windowOf } from '../../../src/web/parts/list/window.ts';

const SHORT: Viewed = { total: 1_000, rowPx: 36.8, scrolledPx: 0, viewPx: 800 };
/** Higher than any browser draws. */
const LONG: Viewed = { total: 3_000_000, rowPx: 36.8, scrolledPx: 0, viewPx: 800 };

test('rows on the screen are drawn, and no more than a few beyond it, wherever it is scrolled to (W-60)', () => {
  for (const list of [SHORT, LONG])
    for (let share = 0; share <= 1; share += 0.001) {
      const scrolledPx = share * (heightPx(list) - list.viewPx);
      const { first, end, topPx, seenFirst } = windowOf({ ...list, scrolledPx });
      assert.ok(first >= 0 && end <= list.total && end - first <= 40);
      // The first row that is seen covers the upper edge, the last one the lower edge.
      const seenTopPx = topPx + (seenFirst - first) * list.rowPx;
      assert.ok(seenTopPx <= scrolledPx + 1 && seenTopPx + list.rowPx >= scrolledPx - 0.1);
      assert.ok(topPx + (end - first) * list.rowPx >= scrolledPx + list.viewPx - 0.1 || end === list.total);
    }
});

test('the first and the last row are seen at either end of a list of any length (W-60)', () => {
  for (const list of [SHORT, LONG]) {
    assert.equal(windowOf(list).first, 0);
    const lastPx = heightPx(list) - list.viewPx;
    const { first, end, topPx } = windowOf({ ...list, scrolledPx: lastPx });
    assert.equal(end, list.total);
    assert.ok(Math.abs(topPx + (end - first) * list.rowPx - heightPx(list)) < 1);
  }
  assert.deepEqual(windowOf({ ...SHORT, total: 0 }), { first: 0, end: 0, topPx: 0, seenFirst: 0 });
  // The list begins below the screen.
  assert.equal(windowOf({ ...SHORT, scrolledPx: -2_000 }).end, 8);
});

test('a row is scrolled to by no more than is needed, and is on the screen then (W-61)', () => {
  for (const list of [SHORT, LONG])
    for (const index of [0, 1, 20, 21, 500, list.total - 1]) {
      const scrolledPx = scrolledTo(index, list, 0);
      const { first, topPx } = windowOf({ ...list, scrolledPx });
      const rowTopPx = topPx + (index - first) * list.rowPx - scrolledPx;
      assert.ok(rowTopPx >= -0.5 && rowTopPx + list.rowPx <= list.viewPx + 0.5, `${index}: ${rowTopPx}`);
      assert.equal(scrolledTo(index, { ...list, scrolledPx }, 0), scrolledPx);
    }
  assert.equal(scrolledTo(5, SHORT, 0), 0);
});
