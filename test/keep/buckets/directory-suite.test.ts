import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { DirectoryStore } from '../../../src/keep/buckets/directory/store.ts';
import { bucketSuite } from '../../suites/bucket-suite.ts';
import { makeDirectory } from '../../support/left-behind.ts';

bucketSuite('directory store', async () => {
  const { path, remove } = makeDirectory('sluice-directory');
  await mkdir(join(path, 'bucket'));
  return {
    store: new DirectoryStore(
      { kind: 'directory', name: 'test', provider: 'directory', path },
      { clock: systemClock },
    ),
    bucket: 'bucket',
    keepsProperties: false,
    keepsChecksums: true,
    nestsKeys: false,
    maxSegmentBytes: 255,
    close: async () => remove(),
  };
});
