import { peopleSuite } from '../../../suites/people-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

peopleSuite('SQLite', openTestStore);
