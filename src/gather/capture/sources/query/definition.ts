import type { ReadingSourceDefinition } from '../source-definition.ts';
import type { QueryProcess } from './query.ts';

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
    const { QuerySource, QueryProcess: OneProcess } = await import('./query.ts');
    return ({ database }) => {
      let process: QueryProcess | undefined;
      return {
        open({ sql }) {
          process ??= new OneProcess(database);
          return new QuerySource(sql, process);
        },
        async close() {
          await process?.close();
        },
      };
    };
  },
};
