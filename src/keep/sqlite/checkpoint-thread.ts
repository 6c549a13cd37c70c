import { DatabaseSync } from 'node:sqlite';
import { serveThread } from '../../base/thread-server.ts';
import { type CheckpointProtocol, checkpointServer } from './checkpoint-server.ts';

/** Entry of the thread that brings the write-ahead log into the database file. */
await serveThread<CheckpointProtocol, string>(path => checkpointServer(new DatabaseSync(path)));
