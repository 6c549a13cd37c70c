import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * The thread of `Checkpoints`: each message is answered once a checkpoint has been tried. PASSIVE waits for nobody and
 * holds up neither readers nor writers (sqlite.org/c3ref/wal_checkpoint_v2.html).
 */
const port = parentPort;
if (!port) throw new Error('checkpoint-thread.ts runs in a worker thread only');
const connection = new DatabaseSync(String(workerData));
connection.exec('PRAGMA busy_timeout = 0; PRAGMA cache_size = -64');
const checkpoint = connection.prepare('PRAGMA wal_checkpoint(PASSIVE)');

port.on('message', () => {
  try {
    checkpoint.get();
  } finally {
    port.postMessage('over');
  }
});
