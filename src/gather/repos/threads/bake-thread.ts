import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../base/clock.ts';
import { openStore } from '../../../keep/sqlite/open-store.ts';
import type { ThreadSettings } from './messages.ts';
import { serveBakes } from './serve.ts';

/** The composition root of a bake thread: its own connection to the database, and nothing else of the station. */
const { databasePath } = workerData as ThreadSettings;
if (!parentPort) throw new Error('bake-thread.ts runs in a worker thread only');

serveBakes(parentPort, {
  store: openStore(databasePath, { clock: systemClock }),
  clock: systemClock,
});
