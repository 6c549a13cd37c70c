import { flushCompileCache } from 'node:module';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

/** Rows live until they are sent; a small nursery keeps the thread small. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 3, maxOldGenerationSizeMb: 512 };

/** Argument of the process after the path of the database: its tables of the store are not the ones in use. */
export const STORE_ELSEWHERE = 'store-elsewhere';

/** What comes back of one query. */
export type QueryReply = { readonly rows: string } | { readonly fault: string };

/**
 * The inside of the query process: answers one query at a time, and ends with the process that asks. The queries run in
 * a thread of it, so that it notices that end while a query runs on, which would otherwise hold the database's log open
 * for ever.
 * @param entry the module that calls this, in the process and in its thread
 * @param run runs a query where nothing can be written; @returns its rows as a JSON list
 */
export function serveQueries(entry: URL, run: (sql: string) => string): void {
  if (isMainThread)
    relay(new Worker(entry, { argv: process.argv.slice(2), resourceLimits: RESOURCE_LIMITS }));
  else parentPort?.on('message', sql => parentPort?.postMessage(answer(run, String(sql))));
}

function relay(thread: Worker): void {
  // It never ends by itself, which is when Node would write down what it has compiled.
  thread.once('message', () => flushCompileCache());
  process.on('message', sql => thread.postMessage(sql));
  thread.on('message', reply => process.send?.(reply));
  thread.on('exit', code => process.exit(code));
  // Nothing else ends a query that runs.
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}

function answer(run: (sql: string) => string, sql: string): QueryReply {
  try {
    return { rows: run(sql) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
