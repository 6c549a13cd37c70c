import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import type { EndedWork } from '../../../src/engine/queue/handler.ts';
import { spanOfWork } from '../../../src/station/telemetry/work.ts';

const CLAIM = {
  key: 'https://code.example/acme/one/pull/1',
  kind: 'changeset',
  group: 'code.example API',
  priority: 'normal',
  reason: 'asked for by hand',
  runAtMs: 0,
  attempt: 2,
  leaseUntilMs: 0,
  token: 1,
} satisfies EndedWork['claim'];

test('work is a span from when it began, with its host, its try and its steps (S-640)', () => {
  const steps = [{ name: 'ask', startMs: 900, endMs: 950 }];
  const span = spanOfWork({ claim: CLAIM, ending: 'done', durationMs: 100, steps }, 1000);
  assert.deepEqual(span, {
    name: 'sync changeset',
    startMs: 900,
    endMs: 1000,
    attributes: {
      'sluice.target': CLAIM.key,
      'sluice.host': 'code.example',
      'sluice.reason': CLAIM.reason,
      'sluice.attempt': 2,
      'sluice.outcome': 'done',
    },
    error: undefined,
    steps,
  });
  assert.equal(
    spanOfWork({ claim: { ...CLAIM, kind: 'churn' }, ending: 'done', durationMs: 1 }, 2).name,
    'read churn',
  );
});

test('only work that failed is an error of its span: not what was handed back or postponed (S-640)', () => {
  const error = new SluiceError('host_unreachable', 'no answer');
  const codeOf = (ending: EndedWork['ending'], cause?: SluiceError): string | undefined =>
    spanOfWork({ claim: CLAIM, ending, durationMs: 1, ...(cause && { error: cause }) }, 2).error?.code;
  for (const ending of ['failed', 'gave up'] as const)
    assert.equal(codeOf(ending, error), 'host_unreachable');
  for (const ending of ['postponed', 'handed back', 'done'] as const)
    assert.equal(codeOf(ending, error), undefined);
  assert.equal(codeOf('lost'), 'lease_lost');
});
