import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aimOf,
  choose,
  chooseAll,
  chooseNone,
  countChosen,
  fittingAim,
  isChosen,
} from '../../../src/web/parts/list/chosen.ts';

const A = ['a', 1] as const;
const B = ['b', 2] as const;

test('some rows are chosen, or all that fit but some, and counted so (W-62)', () => {
  const one = choose(chooseNone<number>(), [A], true);
  assert.deepEqual([isChosen(one, 'a'), isChosen(one, 'b'), countChosen(one, 10)], [true, false, 1]);
  assert.equal(countChosen(choose(one, [A, B], true), 10), 2);
  assert.equal(countChosen(choose(one, [A, B], false), 10), 0);

  const all = chooseAll<number>();
  assert.deepEqual([isChosen(all, 'a'), countChosen(all, 10)], [true, 10]);
  const butOne = choose(all, [A], false);
  assert.deepEqual([isChosen(butOne, 'a'), isChosen(butOne, 'b'), countChosen(butOne, 10)], [false, true, 9]);
  assert.equal(countChosen(choose(butOne, [A], true), 10), 10);
  // Fewer fit by now than were left out.
  assert.equal(countChosen(choose(all, [A, B], false), 1), 0);
});

test('something is done to those of what is chosen that it can be done to; of all that fit, the station decides (W-62)', () => {
  const some = aimOf(choose(chooseNone<number>(), [A, B], true));
  assert.deepEqual(fittingAim(some, undefined), { kind: 'some', rows: [1, 2] });
  assert.deepEqual(
    fittingAim(some, row => row > 1),
    { kind: 'some', rows: [2] },
  );
  const all = aimOf(choose(chooseAll<number>(), [A], false));
  assert.deepEqual(
    fittingAim(all, row => row > 1),
    { kind: 'all', except: [1] },
  );
});
