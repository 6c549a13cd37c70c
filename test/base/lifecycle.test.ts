import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { Lifecycle, type Service } from '../../src/base/lifecycle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A service that notes its calls, and may wait or fail. */
function service(
  name: string,
  calls: string[],
  hooks: { start?: () => Promise<void>; stop?: () => Promise<void> } = {},
): Service {
  return {
    name,
    start: async () => {
      calls.push(`start ${name}`);
      await hooks.start?.();
    },
    stop: async () => {
      calls.push(`stop ${name}`);
      await hooks.stop?.();
    },
  };
}

function lifecycle(services: readonly Service[], stopTimeoutMs = 1000) {
  const clock = new VirtualClock();
  const failures: [string, unknown][] = [];
  const onStopFailure = (name: string, error: unknown): void => void failures.push([name, error]);
  return { clock, failures, life: new Lifecycle(services, { clock, stopTimeoutMs, onStopFailure }) };
}

const never = (): Promise<void> => new Promise(() => undefined);

test('parts start in order and stop in the reverse order (S-24)', async () => {
  const calls: string[] = [];
  const { life, clock } = lifecycle([service('a', calls), service('b', calls)]);
  assert.equal(life.state, 'idle');
  await life.start();
  assert.equal(life.state, 'running');
  await life.stop();
  assert.equal(life.state, 'stopped');
  assert.deepEqual(calls, ['start a', 'start b', 'stop b', 'stop a']);
  assert.equal(clock.pendingTimers, 0);
});

test('repeated calls do nothing more and wait for the same end', async () => {
  const calls: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { life } = lifecycle([service('a', calls, { start: () => gate.promise })]);
  const [first, second] = [life.start(), life.start()];
  assert.equal(first, second);
  gate.resolve();
  await second;
  assert.equal(life.state, 'running');
  await Promise.all([life.stop(), life.stop()]);
  await life.stop();
  assert.deepEqual(calls, ['start a', 'stop a']);
});

test('a service that fails to start: those that are up stop, its error is thrown (S-24)', async () => {
  const calls: string[] = [];
  const failing = service('b', calls, { start: () => Promise.reject(new Error('no port')) });
  const { life } = lifecycle([service('a', calls), failing, service('c', calls)]);
  await assert.rejects(life.start(), { message: 'no port' });
  assert.equal(life.state, 'stopped');
  assert.deepEqual(calls, ['start a', 'start b', 'stop b', 'stop a']);
});

test('a stop while a part starts: what comes up late is taken down, and start says so', async () => {
  const calls: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { life } = lifecycle([
    service('a', calls),
    service('slow', calls, { start: () => gate.promise }),
    service('c', calls),
  ]);
  const started = life.start();
  while (!calls.includes('start slow')) await Promise.resolve();
  await life.stop();
  gate.resolve();
  await assert.rejects(started, { code: 'stopping' });
  assert.equal(life.state, 'stopped');
  assert.deepEqual(calls, ['start a', 'start slow', 'stop slow', 'stop a', 'stop slow']);
});

test('a stop while the last part starts is no successful start', async () => {
  const gate = Promise.withResolvers<void>();
  const { life } = lifecycle([service('only', [], { start: () => gate.promise })]);
  const started = life.start();
  const stopped = life.stop();
  gate.resolve();
  await assert.rejects(started, { code: 'stopping' });
  await stopped;
  assert.equal(life.state, 'stopped');
});

test('stopped is final, from idle, too', async () => {
  const calls: string[] = [];
  const { life } = lifecycle([service('a', calls)]);
  await life.stop();
  await assert.rejects(life.start(), { code: 'stopping' });
  assert.deepEqual(calls, []);
});

test('a service that does not stop in time or throws is reported, and the others stop all the same (S-24)', async () => {
  const calls: string[] = [];
  const hanging = service('hanging', calls, { stop: never });
  const throwing = service('throwing', calls, { stop: () => Promise.reject(new Error('broken')) });
  const { life, clock, failures } = lifecycle([service('a', calls), hanging, throwing], 5000);
  await life.start();
  const stopped = life.stop();
  // The time-out is set once the part before it has been dealt with; only then may the clock move.
  while (!calls.includes('stop hanging')) await Promise.resolve();
  await clock.advance(5000);
  await stopped;
  assert.deepEqual(calls.slice(3), ['stop throwing', 'stop hanging', 'stop a']);
  assert.deepEqual(
    failures.map(([name, error]) => [name, error instanceof SluiceError ? error.code : String(error)]),
    [
      ['throwing', 'Error: broken'],
      ['hanging', 'timed_out'],
    ],
  );
  assert.equal(clock.pendingTimers, 0);
});
