import { claimedWritesSuite } from '../../../suites/claimed-writes-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

claimedWritesSuite('SQLite', t => openTestStore(t));
