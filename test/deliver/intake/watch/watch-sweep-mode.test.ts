import { watchSuite } from '../../../suites/watch-suite.ts';

watchSuite('sweep');
