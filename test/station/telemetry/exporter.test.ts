import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/log.ts';
import type { Span } from '../../../src/base/spans.ts';
import { type Post, SpanExporter } from '../../../src/station/telemetry/exporter.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SPAN: Span = {
  name: 'deliver',
  startMs: 1_000.5,
  endMs: 1_100,
  attributes: { path: 'a.txt', bytes: 7, share: 0.5, whole: true, unknown: undefined },
};

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: object;
    readonly scopeSpans: readonly {
      readonly scope: object;
      readonly spans: readonly Record<string, unknown>[];
    }[];
  }[];
}

async function exporter(post: Post) {
  const clock = new VirtualClock();
  const warnings: unknown[] = [];
  const telemetry = new SpanExporter({
    settings: {
      url: 'http://collector/v1/traces',
      headers: {},
      timeoutMs: 1000,
      resource: { 'service.name': 's' },
    },
    version: '1.2.3',
    clock,
    log: { ...silentLogger, warn: (...said: unknown[]) => void warnings.push(said) },
    station: () => 'one',
    post,
  });
  await telemetry.start();
  return { clock, telemetry, warnings };
}

test('spans go out every five seconds, at most 512 at once, in the form of OTLP (S-640)', async () => {
  const bodies: Sent[] = [];
  const { clock, telemetry } = await exporter(async body => {
    bodies.push(JSON.parse(body));
    return 200;
  });
  const error = { code: 'timed_out', message: 'late' };
  const steps = [{ name: 'send', startMs: 1_000.5, endMs: 1_050 }];
  telemetry.add({ ...SPAN, error, steps });
  for (let count = 1; count < 600; count += 1) telemetry.add(SPAN);
  assert.equal(bodies.length, 0, 'nobody waits for it');
  await clock.advance(5_000);
  const sizes = bodies.map(({ resourceSpans }) => resourceSpans[0]?.scopeSpans[0]?.spans.length);
  // With the step of the first.
  assert.deepEqual(sizes, [513, 88]);
  const { resource, scopeSpans } = bodies[0]?.resourceSpans[0] ?? { resource: {}, scopeSpans: [] };
  assert.deepEqual(resource, {
    attributes: [
      { key: 'service.name', value: { stringValue: 's' } },
      { key: 'service.version', value: { stringValue: '1.2.3' } },
      { key: 'service.instance.id', value: { stringValue: 'one' } },
    ],
  });
  const [whole = {}, step = {}] = scopeSpans[0]?.spans ?? [];
  const { traceId, spanId, ...rest } = whole;
  assert.match(String(traceId), /^[0-9a-f]{32}$/);
  assert.match(String(spanId), /^[0-9a-f]{16}$/);
  assert.deepEqual(rest, {
    name: 'deliver',
    kind: 1,
    startTimeUnixNano: '1000500000',
    endTimeUnixNano: '1100000000',
    attributes: [
      { key: 'path', value: { stringValue: 'a.txt' } },
      { key: 'bytes', value: { intValue: '7' } },
      { key: 'share', value: { doubleValue: 0.5 } },
      { key: 'whole', value: { boolValue: true } },
      { key: 'error.type', value: { stringValue: 'timed_out' } },
    ],
    status: { code: 2, message: 'late' },
  });
  assert.deepEqual([step.traceId, step.parentSpanId, step.name], [traceId, spanId, 'send']);
  assert.deepEqual(telemetry.counts, { sent: 600, dropped: 0 });
  await telemetry.stop();
  assert.equal(clock.pendingTimers, 0);
});

test('a collector that is away costs a bounded number of spans in memory, which are counted; it is told once (S-641)', async () => {
  let answers: 'none' | number = 'none';
  let asked = 0;
  const { clock, telemetry, warnings } = await exporter(async () => {
    asked += 1;
    if (answers === 'none') throw new Error('refused');
    return answers;
  });
  for (let count = 0; count < 3000; count += 1) telemetry.add(SPAN);
  assert.deepEqual(telemetry.counts, { sent: 0, dropped: 3000 - 2048 });
  await clock.advance(10 * 60_000);
  assert.ok(asked <= 14, `ever less often: ${asked}`);
  assert.equal(warnings.length, 1);
  answers = 503;
  await clock.advance(60_000);
  assert.equal(telemetry.counts.sent, 0, 'they wait for an answer that passes');
  answers = 200;
  await clock.advance(60_000);
  assert.deepEqual(telemetry.counts, { sent: 2048, dropped: 3000 - 2048 });
  // What will never be taken is not kept.
  answers = 400;
  telemetry.add(SPAN);
  await clock.advance(5_000);
  assert.equal(telemetry.counts.dropped, 3000 - 2048 + 1);
  await telemetry.stop();
});

test('a stop sends what is left, and waits two seconds for a collector that hangs (S-641)', async () => {
  const quick = await exporter(async () => 200);
  quick.telemetry.add(SPAN);
  await quick.telemetry.stop();
  assert.deepEqual(quick.telemetry.counts, { sent: 1, dropped: 0 });

  const hanging = await exporter(
    (_body, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  hanging.telemetry.add(SPAN);
  const stopped = hanging.telemetry.stop();
  await hanging.clock.advance(2_000);
  await stopped;
  assert.deepEqual(hanging.telemetry.counts, { sent: 0, dropped: 1 });
  assert.equal(hanging.clock.pendingTimers, 0);
});
