import { join } from 'node:path';
import { systemClock } from '../../../../src/base/clock.ts';
import { SqliteWorkQueue } from '../../../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { openStore } from '../../../../src/keep/sqlite/open-store.ts';
import { changesetStoreSuite } from '../../../suites/changeset-store-suite.ts';
import { tempDirectory } from '../../../support/temp-directory.ts';

changesetStoreSuite('SQLite', async t => {
  const store = await openStore(join(await tempDirectory(t), 'sluice.db'), { clock: systemClock });
  t.after(() => store.close());
  const queue = new SqliteWorkQueue({
    database: store.database,
    clock: systemClock,
    isWorkerGone: () => false,
  });
  return { store, queue };
});
