import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, SluiceError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import type { Claim } from '../../../../src/engine/queue/work-queue.ts';
import {
  HostHealth,
  holdReason,
  postponeForHost,
} from '../../../../src/gather/changesets/hosts/host-health.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function health() {
  const clock = new VirtualClock();
  return { clock, hosts: new HostHealth({ clock, random: () => 0, log: silentLogger }) };
}

const one = { key: 'one', priority: 'normal' } as const;
const two = { key: 'two', priority: 'normal' } as const;
const raised = { key: 'raised', priority: 'high' } as const;

const failure = (code: ErrorCode, retryAfterMs?: number) =>
  new SluiceError(code, `${code}!`, { retryAfterMs });

test('a host that is used up takes nothing until the time that it names, then everything', () => {
  const { clock, hosts } = health();
  hosts.recordFailure('h', failure('rate_limited', 5 * MINUTE_MS), one);
  assert.deepEqual([hosts.allowedConcurrency('h', 8, 'normal'), hosts.holds().length], [0, 1]);
  hosts.forgive('h');
  assert.equal(hosts.allowedConcurrency('h', 8, 'normal'), 0, 'a limit is the word of the host');
  clock.jump(5 * MINUTE_MS);
  assert.deepEqual([hosts.allowedConcurrency('h', 8, 'normal'), hosts.holds()], [8, []]);
});

test('a host whose budget is used up for ordinary work takes what was raised, until that is refused as well (C-13)', () => {
  const { clock, hosts } = health();
  const allowed = () =>
    (['normal', 'high'] as const).map(priority => hosts.allowedConcurrency('h', 8, priority));
  hosts.recordFailure('h', failure('rate_limited', 5 * MINUTE_MS), one);
  assert.deepEqual(allowed(), [0, 8]);
  assert.equal(hosts.holdOf('h', 'high'), undefined);
  hosts.recordSuccess('h');
  assert.deepEqual(allowed(), [0, 8], 'that one was answered says nothing of the limit');
  hosts.recordFailure('h', failure('rate_limited', 3 * MINUTE_MS), raised);
  assert.deepEqual(allowed(), [0, 0]);
  clock.jump(3 * MINUTE_MS);
  assert.deepEqual(allowed(), [8, 8]);
  hosts.recordFailure('h', failure('token_refused'), one);
  assert.deepEqual(allowed(), [0, 0], 'other holds spare nobody');
});

test('a clock that is set back prolongs no hold (C-143)', () => {
  for (const code of ['rate_limited', 'token_refused', 'host_unreachable'] as const) {
    const { clock, hosts } = health();
    const hold = hosts.recordFailure('h', failure(code, 5 * MINUTE_MS), one);
    const waitMs = (hold?.untilMs ?? 0) - clock.nowMs();
    clock.jump(-365 * 24 * HOUR_MS);
    assert.equal(hosts.allowedConcurrency('h', 8, 'normal'), 0, code);
    clock.jump(waitMs);
    assert.ok(hosts.allowedConcurrency('h', 8, 'normal') > 0, code);
  }
});

test('a refused token stops a host for an hour, or until it is forgiven; then one item probes', () => {
  const { clock, hosts } = health();
  hosts.recordFailure('h', failure('token_refused'), one);
  clock.jump(HOUR_MS - 1);
  assert.equal(hosts.allowedConcurrency('h', 8, 'normal'), 0);
  hosts.forgive();
  assert.deepEqual([hosts.allowedConcurrency('h', 8, 'normal'), hosts.holdOf('h', 'normal')], [1, undefined]);
  hosts.recordSuccess('h');
  assert.deepEqual([hosts.allowedConcurrency('h', 8, 'normal'), hosts.holds()], [8, []]);
});

test('a host that is down is probed ever more seldom; failures beside the first one do not count', () => {
  const { clock, hosts } = health();
  const waits: number[] = [];
  for (let probe = 0; probe < 5; probe += 1) {
    const hold = hosts.recordFailure('h', failure('host_unreachable'), one);
    assert.equal(hosts.recordFailure('h', failure('host_unreachable'), two), hold);
    const waitMs = (hold?.untilMs ?? 0) - clock.nowMs();
    waits.push(waitMs / MINUTE_MS);
    clock.jump(waitMs);
    assert.equal(hosts.allowedConcurrency('h', 8, 'normal'), 1);
  }
  assert.deepEqual(waits, [2, 4, 8, 12.5, 12.5]);
  assert.equal(hosts.holds()[0]?.failures, 5);
});

test('an item keeps its place where its host is used up or refuses the token, and fails where it is down', () => {
  const { hosts } = health();
  const claim = { key: 'one', runAtMs: 7, reason: 'webhook' } as Claim;
  const context = { health: hosts };
  assert.deepEqual(postponeForHost(failure('token_refused'), claim, context, 'a'), {
    postponedToMs: 7,
    reason: 'webhook',
  });
  for (const code of ['host_unreachable', 'host_failing', 'not_found'] as const) {
    const error = failure(code);
    assert.throws(() => postponeForHost(error, claim, context, 'b'), error);
  }
});

test('the reason of a hold says what waits for what', () => {
  const { hosts } = health();
  const reasons = (['rate_limited', 'token_refused', 'host_unreachable'] as const).map(code => {
    const hold = hosts.recordFailure(code, failure(code), one);
    return hold && holdReason(hold).replace(/\d{4}-[^ ]*Z/, 'T');
  });
  assert.deepEqual(reasons, [
    'rate_limited!, until T',
    'stopped: token_refused!',
    'the host is down, backing off after error host_unreachable until T',
  ]);
});

test('what may be of one item alone holds a host once several have it, with none answered between (C-102)', () => {
  const kinds = {
    host_failing: 'down',
    connection_lost: 'down',
    timed_out: 'down',
    token_wanted: 'refused',
  } as const;
  for (const [code, kind] of Object.entries({ ...kinds, forge_answer_invalid: 'down' }) as [
    ErrorCode,
    string,
  ][]) {
    const { hosts } = health();
    const fail = (item: string) =>
      hosts.recordFailure('h', failure(code), { key: item, priority: 'normal' })?.kind;
    assert.deepEqual(['a', 'a', 'a', 'b'].map(fail), [undefined, undefined, undefined, undefined]);
    hosts.recordSuccess('h');
    assert.deepEqual(['c', 'd', 'e', 'f'].map(fail), [undefined, undefined, kind, kind]);
  }
});

test('what is said of the host or of all its tokens holds it at once (C-102)', () => {
  for (const code of [
    'host_unknown',
    'host_unreachable',
    'tls_failed',
    'token_refused',
    'rate_limited',
  ] as const) {
    const { hosts } = health();
    assert.ok(hosts.recordFailure('h', failure(code), one), code);
  }
});

test('a paused host runs nothing, raised work included, until it is resumed, and what held it besides holds on (W-50)', () => {
  const clock = new VirtualClock();
  const pause = { kind: 'host', name: 'h', sinceMs: 5 } as const;
  let pauses: readonly (typeof pause)[] = [pause];
  const hosts = new HostHealth({ clock, random: () => 0, log: silentLogger, pauses: () => pauses });
  const allowed = () =>
    (['normal', 'high'] as const).map(priority => hosts.allowedConcurrency('h', 8, priority));
  hosts.recordFailure('h', failure('token_refused'), one);
  hosts.forgive('h');
  assert.deepEqual(allowed(), [0, 0]);
  const [hold, ...others] = hosts.holds();
  assert.deepEqual([hold?.kind, hold?.sinceMs, hold && holdReason(hold)], ['paused', 5, 'paused by hand']);
  assert.deepEqual(others, []);
  assert.equal(hosts.holdOf('h', 'high')?.kind, 'paused');
  assert.equal(hosts.allowedConcurrency('other', 8, 'normal'), 8);
  pauses = [];
  assert.deepEqual([allowed(), hosts.holds()[0]?.kind], [[1, 1], 'refused']);
});
