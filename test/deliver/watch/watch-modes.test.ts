import { watchSuite } from '../../suites/watch-suite.ts';

watchSuite('sweep');
if (process.platform === 'linux') watchSuite('inotify');
