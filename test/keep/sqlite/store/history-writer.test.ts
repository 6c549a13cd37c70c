import { join } from 'node:path';
import { systemClock } from '../../../../src/base/clock.ts';
import { openStore } from '../../../../src/keep/sqlite/open-store.ts';
import { historyWriterSuite } from '../../../suites/history-writer-suite.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';

historyWriterSuite('SQLite', async t => {
  const path = join(temporaryDirectory(t), 'sluice.db');
  const reopen = async () => {
    const store = await openStore(path, { clock: systemClock });
    t.after(() => store.close());
    return store;
  };
  return { store: await reopen(), reopen };
});
