/** What comes back of one query. */
export type QueryReply = { readonly rows: string } | { readonly fault: string };

/**
 * The inside of the query process: answers one query at a time, and ends with the process that asks.
 * @param run runs a query where nothing can be written; @returns its rows as a JSON list
 */
export function serveQueries(run: (sql: string) => string): void {
  process.on('message', sql => process.send?.(answer(run, String(sql))));
  process.once('disconnect', () => process.exit(0));
}

function answer(run: (sql: string) => string, sql: string): QueryReply {
  try {
    return { rows: run(sql) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
