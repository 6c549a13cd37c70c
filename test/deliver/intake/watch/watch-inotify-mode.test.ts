import { watchSuite } from '../../../suites/watch-suite.ts';

if (process.platform === 'linux') watchSuite('inotify');
