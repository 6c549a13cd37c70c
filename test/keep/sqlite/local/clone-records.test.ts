import { cloneRecordsSuite } from '../../../suites/clone-records-suite.ts';
import { openTestLocal } from '../../../support/sqlite-store.ts';

cloneRecordsSuite('SQLite', openTestLocal);
