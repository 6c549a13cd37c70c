import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { startGithub } from '../support/forge/github.ts';
import { grownRepository, sluice, standingPlace, startStation, until } from '../support/sluice.ts';

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

/** A collector, and the spans that it was given. */
async function startCollector(t: TestContext) {
  const requests: { readonly path: string | undefined; readonly token: unknown; readonly body: unknown }[] =
    [];
  const server = createServer((request, response) => {
    void json(request).then(body => {
      requests.push({ path: request.url, token: request.headers.authorization, body });
      response.end('{}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const spans = () =>
    requests.flatMap(({ body }) =>
      TraceRequest.parse(body).resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(each => each.spans),
      ),
    );
  const named = (name: string) => spans().find(each => each.name === name);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    spans,
    named,
    stepsOf(name: string) {
      const whole = named(name);
      const own = spans().filter(
        ({ parentSpanId, traceId }) => parentSpanId === whole?.spanId && traceId === whole?.traceId,
      );
      return own.map(each => each.name);
    },
    aboutOf(name: string): Record<string, unknown> {
      const { attributes } = named(name) ?? { attributes: [] };
      return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
    },
  };
}

test('bakes and deliveries reach a collector as spans with their steps, in the form of OTLP (S-640)', async t => {
  const collector = await startCollector(t);
  const cwd = standingPlace(t);
  const { path } = grownRepository(join(cwd, 'a.git'), 3);
  const station = await startStation(t, {
    cwd,
    yaml: `git: {allowPaths: [${cwd}]}\n`,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x',
      OTEL_SERVICE_NAME: 'robot',
    },
  });
  assert.equal((await station.ask('/bake', { url: path, wait: true })).status, 200);
  writeFileSync(join(cwd, 'station/incoming/local/outbox/a.txt'), 'a');
  await until('both are there', () => collector.named('sync repository') && collector.named('deliver'));
  for (const { path: asked, token } of collector.requests)
    assert.deepEqual([asked, token], ['/v1/traces', 'Bearer x']);
  assert.deepEqual(collector.stepsOf('sync repository'), ['clone', 'history']);
  assert.deepEqual(collector.stepsOf('deliver'), ['move', 'send', 'verify', 'complete']);
  for (const { startTimeUnixNano, endTimeUnixNano } of collector.spans())
    assert.ok(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano));
  const about = collector.aboutOf('deliver');
  assert.deepEqual(
    [about['sluice.profile'], about['sluice.bucket'], about['sluice.path'], about['sluice.outcome']],
    ['local', 'outbox', 'a.txt', 'completed'],
  );
  assert.match(
    await (await fetch(`${station.url}/metrics`)).text(),
    /sluice_spans_total\{outcome="sent"\} [1-9]/,
  );
});

test('syncs of changesets are spans with their steps, of their target and host (S-640)', async t => {
  const collector = await startCollector(t);
  const cwd = standingPlace(t);
  const github = await startGithub(t, { tokens: ['good'] });
  github.model.addChangeset(github.model.addRepository('acme/one'), { title: 'First' });
  const yaml = `repos: []\nhosts: {"${github.host}": {kind: github, baseUrl: "${github.origin}", token: good}}\n`;
  const url = `${github.origin}/acme/one/pull/1`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const station = await startStation(t, { cwd, yaml, env });
  assert.equal((await sluice(t, ['track', url], { cwd })).code, 0);
  await station.before(until('it is there', () => collector.named('sync changeset')));
  assert.deepEqual(collector.stepsOf('sync changeset'), ['ask', 'events']);
  const about = collector.aboutOf('sync changeset');
  assert.deepEqual(
    [about['sluice.target'], about['sluice.host'], about['sluice.attempt'], about['sluice.outcome']],
    [`changeset:${github.host}/acme/one#1`, github.host, '1', 'done'],
  );
  assert.equal(collector.named('sync changeset')?.status, undefined);
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
