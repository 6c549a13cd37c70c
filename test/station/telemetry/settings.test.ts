import assert from 'node:assert/strict';
import { test } from 'node:test';
import { telemetrySettings } from '../../../src/station/telemetry/settings.ts';

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';

test('traces are off unless an endpoint is named, and off where the standard variables say so (S-640)', () => {
  for (const env of [
    {},
    { [ENDPOINT]: ' ' },
    { OTEL_SERVICE_NAME: 'x' },
    { [ENDPOINT]: 'http://c:4318', OTEL_SDK_DISABLED: 'true' },
    { [ENDPOINT]: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' },
  ])
    assert.equal(telemetrySettings(env), undefined, JSON.stringify(env));
});

test('the standard variables say where traces go, and who they are from (S-640)', () => {
  const urlOf = (env: NodeJS.ProcessEnv): string | undefined => telemetrySettings(env)?.url;
  assert.equal(urlOf({ [ENDPOINT]: 'http://c:4318' }), 'http://c:4318/v1/traces');
  assert.equal(urlOf({ [ENDPOINT]: 'https://c/otlp/' }), 'https://c/otlp/v1/traces');
  const whole = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/here', [ENDPOINT]: 'http://other' };
  assert.equal(urlOf(whole), 'http://c/here');
  const all = telemetrySettings({
    [ENDPOINT]: 'http://c:4318',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20abc=, x-scope = one',
    OTEL_EXPORTER_OTLP_TIMEOUT: '3000',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=lab,service.name=other',
    OTEL_SERVICE_NAME: 'robot',
  });
  assert.deepEqual(all, {
    url: 'http://c:4318/v1/traces',
    headers: { authorization: 'Basic abc=', 'x-scope': 'one' },
    timeoutMs: 3000,
    resource: { 'deployment.environment': 'lab', 'service.name': 'robot' },
  });
  assert.equal(telemetrySettings({ [ENDPOINT]: 'http://c' })?.resource['service.name'], 'sluice');
});

test('what cannot be meant is named by its variable, without its value (S-640)', () => {
  for (const [env, words] of [
    [{ [ENDPOINT]: 'collector:4318' }, /OTEL_EXPORTER_OTLP_ENDPOINT must be an address/],
    [{ [ENDPOINT]: 'http://c', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /over HTTP only/],
    [
      { [ENDPOINT]: 'http://c', OTEL_EXPORTER_OTLP_HEADERS: 'secret' },
      /^(?!.*secret).*_HEADERS must be of the form/,
    ],
    [{ [ENDPOINT]: 'http://c', OTEL_EXPORTER_OTLP_TIMEOUT: '0' }, /milliseconds/],
  ] as const)
    assert.throws(() => telemetrySettings(env), { message: words });
});
