import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CallOutcome,
  callOutcomeOf,
  type EndpointHealth,
  healthAfterCall,
  healthAfterProbe,
  newEndpointHealth,
  nextProbeAtMs,
} from '../../src/engine/endpoint-health.ts';

const after = (...outcomes: CallOutcome[]): EndpointHealth =>
  outcomes.reduce(
    (health, outcome, index) => healthAfterCall(health, outcome, 1000 + index),
    newEndpointHealth(0),
  );

test('an endpoint is unknown until something is seen of it (D-41)', () => {
  assert.equal(newEndpointHealth(5).state, 'unknown');
  assert.equal(after('succeeded').state, 'online');
  assert.equal(after('refused').state, 'online');
  assert.equal(after('unreachable').state, 'offline');
});

test('troubles in a row make it unhealthy, one success makes it well (D-41)', () => {
  assert.equal(after('succeeded', 'failed', 'failed').state, 'online');
  assert.equal(after('succeeded', 'failed', 'failed', 'failed').state, 'unhealthy');
  assert.equal(after('succeeded', 'failed', 'failed', 'succeeded', 'failed').state, 'online');
  assert.equal(after('failed', 'failed', 'failed', 'refused').state, 'unhealthy');
  assert.equal(after('failed', 'failed', 'failed', 'succeeded').state, 'online');
});

test('what is offline comes back by an answer, not by one time-out (D-41, T-4)', () => {
  assert.equal(after('unreachable', 'failed').state, 'offline');
  assert.equal(after('unreachable', 'refused').state, 'online');
});

test('probes of an offline endpoint come soon at first, then apart by the given time (D-41)', () => {
  const first = healthAfterCall(newEndpointHealth(0), 'unreachable', 100);
  const pauses: number[] = [];
  let again = first;
  for (let nowMs = 100; pauses.length < 8; ) {
    const nextMs = nextProbeAtMs(again, 60_000) ?? Number.NaN;
    pauses.push((nextMs - nowMs) / 1000);
    nowMs = nextMs;
    again = healthAfterCall(healthAfterProbe(again, nowMs), 'unreachable', nowMs + 10);
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
  assert.equal(nextProbeAtMs(first, 500), 600);
  assert.equal(nextProbeAtMs(healthAfterCall(again, 'succeeded', 70_000), 60_000), undefined);
});

test('`sinceMs` changes exactly when the state does (D-41)', () => {
  const outcome = fc.constantFrom<CallOutcome>('succeeded', 'refused', 'failed', 'unreachable');
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 30 }), outcomes => {
      let health = newEndpointHealth(0);
      for (const [index, one] of outcomes.entries()) {
        const next = healthAfterCall(health, one, index + 1);
        assert.equal(next.sinceMs === index + 1, next.state !== health.state);
        health = next;
      }
    }),
  );
});

test('an error of this side says nothing of the endpoint (D-41, T-4)', () => {
  assert.equal(callOutcomeOf({ code: 'source_changed', answer: 'retry' }), undefined);
  assert.equal(callOutcomeOf({ code: 'host_unknown', answer: 'retry' }), 'unreachable');
  assert.equal(callOutcomeOf({ code: 'slow_down', answer: 'retry' }), 'failed');
  assert.equal(callOutcomeOf({ code: 'access_denied', answer: 'give-up' }), 'refused');
});

test('an endpoint whose probes are answered while all else is not is probed ever less often (D-41)', () => {
  const everyMs = 60_000;
  let health = healthAfterCall(newEndpointHealth(0), 'unreachable', 0);
  const pauses: number[] = [];
  let nowMs = 0;
  for (let round = 0; round < 9; round += 1) {
    const atMs = nextProbeAtMs(health, everyMs) ?? Number.NaN;
    pauses.push(atMs - nowMs);
    nowMs = atMs;
    health = healthAfterCall(healthAfterProbe(health, nowMs), 'succeeded', nowMs);
    health = healthAfterCall(health, 'unreachable', nowMs + 10);
    nowMs += 10;
  }
  assert.deepEqual(
    pauses,
    pauses.toSorted((a, b) => a - b),
  );
  assert.equal(pauses.at(-1), everyMs);
  // Back for good: the next time begins with short pauses again.
  health = healthAfterCall(health, 'succeeded', nowMs);
  health = healthAfterCall(health, 'unreachable', nowMs + 2 * everyMs);
  assert.equal((nextProbeAtMs(health, everyMs) ?? 0) - nowMs - 2 * everyMs, pauses[0]);
});
