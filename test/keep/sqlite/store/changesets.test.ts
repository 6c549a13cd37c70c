import { changesetStoreSuite } from '../../../suites/changeset-store-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

changesetStoreSuite('SQLite', openTestStore);
