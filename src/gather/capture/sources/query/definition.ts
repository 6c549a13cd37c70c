import type { ReadingSourceDefinition } from '../source-definition.ts';
import type { QueryThread } from './query.ts';

export interface QueryPlan {
  readonly method: 'query';
  readonly sql: string;
}

/** The rows of a SQL query on the station's own database. */
export const queryDefinition: ReadingSourceDefinition<QueryPlan, string> = {
  kind: 'query',
  setting: ({ optionalLines }) =>
    optionalLines('a SQL query', {
      description: "A SQL query on the station's own database; its rows are the reading.",
    }),
  pushes: false,
  planOf: sql => ({ method: 'query', sql }),
  async load() {
    const { QuerySource, QueryThread: Thread } = await import('./query.ts');
    return ({ database }) => {
      let thread: QueryThread | undefined;
      return {
        open({ sql }) {
          thread ??= new Thread(database);
          return new QuerySource(sql, thread);
        },
        async close() {
          await thread?.close();
        },
      };
    };
  },
};
