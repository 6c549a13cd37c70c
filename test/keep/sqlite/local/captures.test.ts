import { capturesSuite } from '../../../suites/captures-suite.ts';
import { openTestLocal } from '../../../support/sqlite-store.ts';

capturesSuite('SQLite', openTestLocal);
