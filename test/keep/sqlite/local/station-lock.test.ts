import { stationLockSuite } from '../../../suites/station-lock-suite.ts';
import { openTestLocal } from '../../../support/sqlite-store.ts';

stationLockSuite('SQLite', openTestLocal);
