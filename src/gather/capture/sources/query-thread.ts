import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { SluiceError, toErrorRecord } from '../../../base/errors.ts';
import { rowsAsJson } from '../../../keep/sqlite/read-only.ts';
import type { QueryAnswer, QueryRequest } from './query.ts';

/** The composition root of the thread that runs the queries of capture: a connection that can only read. */
const { database } = workerData as { readonly database: string };
const port = parentPort;
if (!port) throw new Error('query-thread.ts runs in a worker thread only');

let connection: DatabaseSync | undefined;

function answer({ id, sql }: QueryRequest): QueryAnswer {
  try {
    connection ??= new DatabaseSync(database, { readOnly: true });
    return { id, json: rowsAsJson(connection, sql) };
  } catch (error) {
    const told = new SluiceError(
      'reading_failed',
      `query: ${error instanceof Error ? error.message : error}`,
    );
    return { id, error: toErrorRecord(told) };
  }
}

port.on('message', (request: QueryRequest) => port.postMessage(answer(request)));
