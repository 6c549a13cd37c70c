import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { meantBy, Pauses } from '../../src/station/pauses.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const KNOWN = { profile: ['archive', 'both'], host: ['github.com', 'both'] };

async function pausesIn(t: TestContext, directory: string, changes: string[] = []) {
  const clock = new VirtualClock();
  const local = openLocal(join(directory, 'sluice.db'), { clock });
  const pauses = new Pauses({
    open: () => local.openPauses(),
    known: async () => KNOWN,
    onChange: () =>
      changes.push(
        pauses
          .list()
          .map(({ kind, name }) => `${kind} ${name}`)
          .join(),
      ),
    clock,
    log: silentLogger,
  });
  await pauses.start();
  t.after(() => pauses.stop());
  return pauses;
}

test('a pause outlasts the station, may be repeated, and ends when it is resumed (W-50)', async t => {
  const directory = await tempDirectory(t);
  const changes: string[] = [];
  const pauses = await pausesIn(t, directory, changes);
  const { sinceMs } = await pauses.pause({ name: 'archive/raw' });
  assert.equal((await pauses.pause({ name: 'archive/raw' })).sinceMs, sinceMs);
  await pauses.pause({ name: 'github.com' });
  assert.deepEqual(changes, ['bucket archive/raw', 'bucket archive/raw,host github.com']);
  await pauses.stop();
  await assert.rejects(pauses.pause({ name: 'archive' }), { code: 'stopping' });
  const again = await pausesIn(t, directory);
  assert.deepEqual(again.list(), [
    { kind: 'bucket', name: 'archive/raw', sinceMs },
    { kind: 'host', name: 'github.com', sinceMs },
  ]);
  await again.resume({ name: 'archive/raw' });
  await assert.rejects(again.resume({ name: 'archive/raw' }), {
    code: 'not_found',
    hint: 'Paused is host github.com.',
  });
});

test('what a name means is told by what there is, and asked where it may be two things (W-50)', async t => {
  const meant = (name: string) => meantBy({ name }, KNOWN).map(({ kind }) => kind);
  assert.deepEqual(
    ['archive', 'archive/raw', 'github.com', 'both', 'other', 'archive/', 'other/raw'].map(meant),
    [['profile'], ['bucket'], ['host'], ['profile', 'host'], [], [], []],
  );
  const pauses = await pausesIn(t, await tempDirectory(t));
  await assert.rejects(pauses.pause({ name: 'both' }), { code: 'usage' });
  await assert.rejects(pauses.pause({ name: 'other' }), { code: 'not_found' });
  assert.equal((await pauses.pause({ name: 'both', kind: 'host' })).kind, 'host');
});
