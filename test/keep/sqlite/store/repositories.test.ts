import { repositoryStoreSuite } from '../../../suites/repository-store-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

repositoryStoreSuite('SQLite', openTestStore);
