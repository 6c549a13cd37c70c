import { questionsSuite } from '../../../suites/questions-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

questionsSuite('SQLite', openTestStore);
