import { historyWriterSuite } from '../../../suites/history-writer-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

historyWriterSuite('SQLite', openTestStore);
