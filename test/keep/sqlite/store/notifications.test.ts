import { notificationStoreSuite } from '../../../suites/notification-store-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

notificationStoreSuite('SQLite', openTestStore);
