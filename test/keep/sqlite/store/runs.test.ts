import { runStoreSuite } from '../../../suites/run-store-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

runStoreSuite('SQLite', openTestStore);
