import { parentPort } from 'node:worker_threads';
import { systemClock } from './base/clock.ts';
import { serveCapture } from './gather/capture/threads/serve.ts';

/** The composition root of the capture thread. */
if (!parentPort) throw new Error('main-capture.ts runs in a worker thread only');

serveCapture(parentPort, { clock: systemClock, queryEntry: new URL('./main-query.ts', import.meta.url) });
