import type { DatabaseSync } from 'node:sqlite';
import type { ThreadServer } from '../../base/thread-server.ts';

export interface CheckpointProtocol {
  readonly requests: { readonly checkpoint: { readonly request: undefined; readonly reply: undefined } };
}

/**
 * The inside of the checkpoint thread. PASSIVE waits for nobody and holds up neither readers nor writers
 * (sqlite.org/c3ref/wal_checkpoint_v2.html).
 */
export function checkpointServer(connection: DatabaseSync): ThreadServer<CheckpointProtocol> {
  connection.exec('PRAGMA busy_timeout = 0; PRAGMA cache_size = -64');
  const checkpoint = connection.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  return { handlers: { checkpoint: () => void checkpoint.get() } };
}
