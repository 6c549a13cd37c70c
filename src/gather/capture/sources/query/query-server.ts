import { SluiceError } from '../../../../base/errors.ts';
import type { ThreadServer } from '../../../../base/thread-server.ts';

export interface QueryProtocol {
  readonly requests: { readonly query: { readonly request: string; readonly reply: string } };
}

/**
 * The inside of the query thread. @param run runs a query where nothing can be written; @returns its rows as a JSON
 * list
 */
export function queryServer(run: (sql: string) => string): ThreadServer<QueryProtocol> {
  return {
    handlers: {
      query(sql) {
        try {
          return run(sql);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new SluiceError('reading_failed', `query: ${reason}`);
        }
      },
    },
  };
}
