import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { SqliteWork } from '../../../src/engine/work/sqlite/sqlite-work.ts';
import { openSqliteStore } from '../../../src/keep/store/sqlite/open.ts';
import { changesetStoreSuite } from '../../suites/changeset-store-suite.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

changesetStoreSuite('SQLite', async t => {
  const store = await openSqliteStore({
    path: join(await tempDirectory(t), 'sluice.db'),
    clock: systemClock,
  });
  t.after(() => store.close());
  const work = new SqliteWork({ database: store.database, clock: systemClock, isWorkerGone: () => false });
  return { store, work };
});
