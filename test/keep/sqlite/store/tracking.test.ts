import { trackingStoreSuite } from '../../../suites/tracking-store-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

trackingStoreSuite('SQLite', openTestStore);
