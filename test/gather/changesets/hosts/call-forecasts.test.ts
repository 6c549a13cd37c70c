import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallForecasts, forecastCalls } from '../../../../src/gather/changesets/hosts/call-forecasts.ts';
import type { ChangesetTotals } from '../../../../src/keep/store/changesets.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

test('the forecast stretches every interval by the same factor when the budget is short (C-15)', () => {
  assert.deepEqual(forecastCalls(100, 0.5, 1000), { neededPerHour: 50, budgetPerHour: 1000, stretch: 1 });
  assert.deepEqual(forecastCalls(1260, 1, 1000), { neededPerHour: 1260, budgetPerHour: 1000, stretch: 1.4 });
  assert.equal(forecastCalls(10, 1, 0).stretch, 1000);
  assert.equal(forecastCalls(1e9, 1, undefined).stretch, 1);
});

test('a restart changes no interval: syncs and costs are remembered as calls are (C-142)', () => {
  const clock = new VirtualClock();
  const spentLastHour = 1200;
  const budget = { spentLastHour, perHour: 1500, remaining: 300, resetAtMs: undefined };
  const open = () =>
    new CallForecasts(clock, (_host, resource) => ({
      ...budget,
      ...(resource === 'graphql' && { spentLastHour: 0 }),
    }));
  const totals: ChangesetTotals[] = [
    { host: 'h', state: 'open', changesets: 900, followed: 900, failing: 0, syncsPerHour: 900 },
  ];
  const first = open();
  for (let sync = 0; sync < 600; sync += 1) {
    clock.jump(6_000);
    first.countSync('h');
  }
  assert.deepEqual(first.update(totals), ['h']);
  assert.equal(first.stretchOf('h'), 1.4);
  const second = open();
  second.restore(first.learned());
  assert.equal(second.stretchOf('h'), 1.4, 'before the first forecast, too');
  // Some minutes on, as many syncs have been counted as make costs known anew.
  for (let sync = 0; sync < 30; sync += 1) second.countSync('h');
  assert.deepEqual(second.update(totals), []);
  assert.equal(second.stretchOf('h'), 1.4);
  const unlearned = open();
  for (let sync = 0; sync < 30; sync += 1) unlearned.countSync('h');
  unlearned.update(totals);
  assert.ok(unlearned.stretchOf('h') > 20, 'what a start without that would do');
});

test('syncs that lie ahead, and a factor that cannot be, are not taken over (C-142, C-143)', () => {
  const clock = new VirtualClock();
  const ahead = Math.floor(clock.nowMs() / 60_000) + 500;
  const forecasts = new CallForecasts(clock, () => ({
    spentLastHour: 0,
    perHour: 10,
    remaining: 1,
    resetAtMs: undefined,
  }));
  forecasts.restore([{ host: 'h', stretch: Number.NaN, costs: {}, syncs: [[ahead, 1e9]] }]);
  assert.deepEqual([forecasts.stretchOf('h'), forecasts.learned()[0]?.syncs], [1, []]);
});
