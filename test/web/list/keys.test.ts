import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  activeOf,
  addressOf,
  type ColumnOrder,
  orderOf,
  placeOf,
  pressed,
  sortOf,
} from '../../../src/web/parts/list/address.ts';
import { placeAfter, stepOf } from '../../../src/web/parts/list/keys.ts';

const COLUMNS: readonly { readonly order?: ColumnOrder<'newest' | 'size' | 'path'> }[] = [
  { order: { by: 'path', descends: false } },
  { order: { by: 'size', descends: true } },
  {},
];

test('keys lead from row to row, and to the ends of a list that has the focus, never beyond (W-61)', () => {
  const here = { active: 5, seenFirst: 3, total: 10 };
  const after = (key: string, place = here): number | undefined => {
    const step = stepOf(key, true);
    return step && placeAfter(step, place);
  };
  assert.deepEqual([after('j'), after('k'), after('Home'), after('End')], [6, 4, 0, 9]);
  assert.deepEqual([after('PageDown'), after('PageUp'), after('ArrowUp')], [9, 0, 4]);
  assert.equal(after('j', { ...here, active: 9 }), 9);
  assert.equal(after('k', { ...here, active: 0 }), 0);
  assert.equal(after('q'), undefined);
  // They begin with the first row on the screen; what scrolls a page does so unless the list has the focus.
  const nowhere = { active: undefined, seenFirst: 3, total: 10 };
  assert.equal(placeAfter({ by: 1 }, nowhere), 3);
  assert.equal(stepOf('ArrowDown', false), undefined);
  assert.equal(placeAfter('last', { ...nowhere, total: 0 }), 0);
});

test('an address has the order, the row and its place, and leads back to them (W-63)', () => {
  const order = (text: string) => orderOf(new URLSearchParams(text), COLUMNS, 'newest');
  assert.deepEqual(order(''), { by: 'newest', reverse: false });
  assert.deepEqual(order('order=nonsense'), { by: 'newest', reverse: false });
  const bySize = order('order=size');
  assert.deepEqual(pressed(bySize, 'size', 'newest'), { order: 'size', reverse: 'true' });
  assert.deepEqual(pressed(order('order=size&reverse=true'), 'size', 'newest'), {
    order: 'size',
    reverse: undefined,
  });
  assert.deepEqual(pressed(bySize, 'newest', 'newest'), { order: undefined, reverse: undefined });
  const sorts = (text: string) => COLUMNS.map(column => sortOf(column, order(text)));
  assert.deepEqual(sorts('order=size'), [undefined, 'descending', undefined]);
  assert.deepEqual(sorts('order=path&reverse=true'), ['descending', undefined, undefined]);

  const there = addressOf({ index: 4, key: 'a b' }, 0);
  assert.deepEqual(there, { at: '5', row: 'a b' });
  assert.deepEqual(activeOf(new URLSearchParams({ at: '5', row: 'a b' })), { index: 4, key: 'a b' });
  assert.deepEqual(addressOf(undefined, 0), { at: undefined, row: undefined });
  assert.deepEqual(addressOf(undefined, 7), { at: '8', row: undefined });
  assert.equal(placeOf(new URLSearchParams('at=8')), 7);
  for (const text of ['at=x', 'at=-1', 'at=1.5', 'at=0'])
    assert.equal(placeOf(new URLSearchParams(text)), undefined);
});
