import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Serializer } from '../../../src/base/serializer.ts';
import { BudgetBook } from '../../../src/engine/call-budgets/budget-book.ts';
import type { StoredBudget } from '../../../src/keep/store/changesets.ts';
import type { SharedCalls } from '../../../src/keep/store/shared-calls.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HOUR_MS = 3_600_000;

/** What stations share, with a store whose every transaction meets another and is made again. */
function sharedStore(nowMs: () => number) {
  let rows: readonly StoredBudget[] = [];
  const lock = new Serializer();
  const changeBudgets: SharedCalls['changeBudgets'] = (host, change) =>
    lock.run(async () => {
      const ofHost = rows.filter(each => each.host === host);
      change(ofHost, nowMs());
      await Promise.resolve();
      const { result, changed } = change(ofHost, nowMs());
      const isSame = (one: StoredBudget, two: StoredBudget): boolean =>
        one.credential === two.credential && one.resource === two.resource && one.host === two.host;
      rows = [...rows.filter(row => !changed.some(each => isSame(each, row))), ...changed];
      return result;
    });
  return { shared: { changeBudgets } as unknown as SharedCalls, rows: () => rows };
}

test('what stations decide and find out counts once, however often the store makes it again (F-464)', async () => {
  const clock = new VirtualClock();
  const { shared, rows } = sharedStore(() => clock.nowMs());
  const [one, two] = [new BudgetBook(clock, () => shared), new BudgetBook(clock, () => shared)];
  const spend = (book: BudgetBook): void => {
    const budget = book.of('host', 'token', 'rest');
    book.set({ ...budget, remaining: (budget.remaining ?? 10) - 1 });
  };
  await one.decide('host', () => spend(one));
  await two.decide('host', () => spend(two));
  one.later('host', () => spend(one));
  two.later('host', () => spend(two));
  await Promise.all([one.decide('host', () => spend(one)), two.store([])]);
  await one.store([]);
  assert.deepEqual(
    rows().map(({ remaining }) => remaining),
    [5],
  );
  assert.equal(one.of('host', 'token', 'rest').remaining, 5);
});

test('times of budgets are the store’s: a station whose clock is an hour wrong waits as long as the others (F-455)', async () => {
  const right = new VirtualClock();
  const wrong = new VirtualClock();
  wrong.jump(HOUR_MS);
  const { shared, rows } = sharedStore(() => right.nowMs());
  const [one, two] = [new BudgetBook(right, () => shared), new BudgetBook(wrong, () => shared)];
  const pausedUntilMs = right.nowMs() + 5000;
  await one.decide('host', () => one.set({ ...one.of('host', 'token', '*'), pausedUntilMs }));
  await two.store(['host']);
  assert.equal(two.of('host', 'token', '*').pausedUntilMs, wrong.nowMs() + 5000);
  await two.decide('host', () => two.set({ ...two.of('host', 'token', '*'), remaining: 1 }));
  assert.deepEqual(
    rows().map(row => [row.pausedUntilMs, row.remaining]),
    [[pausedUntilMs, 1]],
  );
});
