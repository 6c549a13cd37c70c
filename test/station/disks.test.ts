import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stationDisks } from '../../src/station/status/disks.ts';
import { tempDirectory } from '../support/temp-directory.ts';

test('each disk of the station is told once, the spool’s first, with what lies there (K-110)', async t => {
  const root = await tempDirectory(t);
  const disks = await stationDisks({
    root,
    database: join(root, 'sluice.db'),
    deliver: { directory: '/proc' },
    capture: { directory: '/proc' },
    cache: { directory: join(root, 'not-there') },
  });
  assert.deepEqual(
    disks.map(({ path, holds }) => [path, holds]),
    [
      ['/proc', ['spool', 'captures']],
      [root, ['database', 'root']],
    ],
  );
  assert.equal(disks[1]?.totalBytes, statfsSync(root).blocks * statfsSync(root).bsize);
});
