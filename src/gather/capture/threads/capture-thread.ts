import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../../base/clock.ts';
import { serveCapture } from './serve.ts';

/** The composition root of the capture thread. */
if (!parentPort) throw new Error('capture-thread.ts runs in a worker thread only');

serveCapture(parentPort, {
  clock: systemClock,
  queryEntry: new URL('../sources/query-thread.ts', import.meta.url),
});
