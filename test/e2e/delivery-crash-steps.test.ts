import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAtEachStep } from '../support/delivery-steps.ts';
import { temporaryDirectory } from '../support/temp-directory.ts';

/** Some of them; `npm run torture:steps` takes every one. */
const EVERY = 13;

test('killed between two effects that stay, nothing is lost, and nothing on record as sent is sent again (D-45, D-103, T-12)', t => {
  const { steps, kills } = killAtEachStep(temporaryDirectory(t, 'sluice-steps'), EVERY);
  assert.ok(kills >= Math.floor(steps / EVERY), `${kills} kills in ${steps} steps`);
});
