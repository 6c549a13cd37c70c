import { churnWriterSuite } from '../../../suites/churn-writer-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

churnWriterSuite('SQLite', openTestStore);
