import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forecastCalls } from '../../../../src/gather/changesets/hosts/call-forecasts.ts';

test('the forecast stretches every interval by the same factor when the budget is short (C-15)', () => {
  assert.deepEqual(forecastCalls(100, 0.5, 1000), { neededPerHour: 50, budgetPerHour: 1000, stretch: 1 });
  assert.deepEqual(forecastCalls(1260, 1, 1000), { neededPerHour: 1260, budgetPerHour: 1000, stretch: 1.4 });
  assert.equal(forecastCalls(10, 1, 0).stretch, 1000);
  assert.equal(forecastCalls(1e9, 1, undefined).stretch, 1);
});
