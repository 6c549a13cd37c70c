import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from './base/clock.ts';
import type { ThreadSettings } from './gather/repos/threads/messages.ts';
import { serveBakes } from './gather/repos/threads/serve.ts';
import { openSqliteStore } from './keep/store/sqlite/open.ts';

/** The composition root of a bake thread: its own connection to the database, and nothing else of the station. */
const { databasePath } = workerData as ThreadSettings;
if (!parentPort) throw new Error('main-bake.ts runs in a worker thread only');

serveBakes(parentPort, {
  store: openSqliteStore({ path: databasePath, clock: systemClock }),
  clock: systemClock,
});
