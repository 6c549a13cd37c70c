import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { test } from 'node:test';
import { z } from 'zod';
import { grownRepository, standingPlace, startStation, until } from '../support/sluice.ts';

const Nanoseconds = z.string().regex(/^\d{18,20}$/);
const Attribute = z.strictObject({
  key: z.string(),
  value: z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ boolValue: z.boolean() }),
    z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
    z.strictObject({ doubleValue: z.number() }),
  ]),
});
/** opentelemetry.proto.trace.v1.Span, as far as it is sent. */
const OtlpSpan = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  name: z.string().min(1),
  kind: z.literal(1),
  startTimeUnixNano: Nanoseconds,
  endTimeUnixNano: Nanoseconds,
  attributes: z.array(Attribute),
  status: z.strictObject({ code: z.literal(2), message: z.string() }).optional(),
});
/** ExportTraceServiceRequest in OTLP's JSON. */
const TraceRequest = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes: z.array(Attribute) }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.literal('sluice'), version: z.string() }),
          spans: z.array(OtlpSpan),
        }),
      ),
    }),
  ),
});

test('bakes and deliveries reach a collector as spans with their steps, in the form of OTLP (S-640)', async t => {
  const requests: { readonly path: string | undefined; readonly token: unknown; readonly body: unknown }[] =
    [];
  const collector = createServer((request, response) => {
    void json(request).then(body => {
      requests.push({ path: request.url, token: request.headers.authorization, body });
      response.end('{}');
    });
  });
  await once(collector.listen(0, '127.0.0.1'), 'listening');
  t.after(() => collector.close());
  const { port } = collector.address() as AddressInfo;
  const cwd = standingPlace(t);
  const { path } = grownRepository(join(cwd, 'a.git'), 3);
  const station = await startStation(t, {
    cwd,
    yaml: `git: {allowPaths: [${cwd}]}\n`,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x',
      OTEL_SERVICE_NAME: 'robot',
    },
  });
  assert.equal((await station.ask('/bake', { url: path, wait: true })).status, 200);
  writeFileSync(join(cwd, 'station/incoming/local/outbox/a.txt'), 'a');
  const spans = () =>
    requests.flatMap(({ body }) =>
      TraceRequest.parse(body).resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(each => each.spans),
      ),
    );
  const named = (name: string) => spans().find(each => each.name === name);
  await until('both are there', () => named('sync repository') && named('deliver'));
  for (const { path: asked, token } of requests) assert.deepEqual([asked, token], ['/v1/traces', 'Bearer x']);
  const stepsOf = (name: string) => {
    const whole = named(name);
    return spans().filter(
      ({ parentSpanId, traceId }) => parentSpanId === whole?.spanId && traceId === whole?.traceId,
    );
  };
  assert.deepEqual(
    stepsOf('sync repository').map(({ name }) => name),
    ['clone', 'history'],
  );
  assert.deepEqual(
    stepsOf('deliver').map(({ name }) => name),
    ['move', 'send', 'verify', 'complete'],
  );
  for (const { startTimeUnixNano, endTimeUnixNano } of spans())
    assert.ok(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano));
  const { attributes } = named('deliver') ?? { attributes: [] };
  const about = Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  assert.deepEqual(
    [about['sluice.profile'], about['sluice.bucket'], about['sluice.path'], about['sluice.outcome']],
    ['local', 'outbox', 'a.txt', 'completed'],
  );
  assert.match(
    await (await fetch(`${station.url}/metrics`)).text(),
    /sluice_spans_total\{outcome="sent"\} [1-9]/,
  );
});

test('a variable that cannot be meant is told, and keeps no station from working (S-640)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, {
    cwd,
    yaml: 'repos: []\n',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' },
  });
  await station.printed(/no traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT must be an address/);
  assert.equal((await fetch(`${station.url}/ping`)).status, 200);
});
