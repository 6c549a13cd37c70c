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
  // As df has it: what nobody but the system may use is neither used nor free.
  const { blocks, bfree, bavail, bsize } = statfsSync(root);
  const total = (blocks - bfree + bavail) * bsize;
  assert.ok(Math.abs((disks[1]?.totalBytes ?? 0) - total) < total / 100);
});
