import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonsToWait } from '../../src/cli/copy-wait.ts';
import type { StationStatus } from '../../src/station/status/status.ts';

const ABOUT = { profile: 'store', bucket: 'b', endpoint: 'http://s3' };

function statusWith(holds: readonly (readonly [kind: string, place: string])[], syncing = true) {
  return {
    holds: holds.map(([kind, place]) => ({ kind, place, files: 2, message: 'it is so', hint: 'Do that.' })),
    deliveries: { directory: '/spool', syncing },
  } as unknown as Pick<StationStatus, 'holds' | 'deliveries'>;
}

test('while a copy waits it says for what: what, why, how many, what to do (D-184)', () => {
  const none = { files: 0, example: undefined };
  const keys = (...args: Parameters<typeof statusWith>) =>
    reasonsToWait(statusWith(...args), ABOUT, none).map(({ key }) => key);
  assert.deepEqual(keys([]), []);
  for (const place of [
    ['endpoint', 'http://s3'],
    ['profile', 'store'],
    ['bucket', 'store/b'],
    ['disk', '/spool'],
  ] as const)
    assert.deepEqual(keys([place]), [place.join(' ')]);
  assert.deepEqual(
    keys([
      ['bucket', 'store/other'],
      ['profile', 'b'],
      ['endpoint', 'http://else'],
    ]),
    [],
  );
  assert.deepEqual(keys([], false), ['not syncing']);
  const [reason] = reasonsToWait(statusWith([['profile', 'store']]), ABOUT, none);
  assert.equal(reason?.words, '2 files wait for the profile store: it is so. Do that.');
  const [retry] = reasonsToWait(statusWith([]), ABOUT, { files: 1, example: 'slow down' });
  assert.match(retry?.words ?? '', /1 file will be tried again: slow down/);
});
