import type { ReadingSourceDefinition } from '../source-definition.ts';
import type { QueryProcesses } from './processes.ts';

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
    const { QuerySource, QueryProcess } = await import('./query.ts');
    const { QueryProcesses: Processes } = await import('./processes.ts');
    return ({ clock, database, isStoreShared }) => {
      let processes: QueryProcesses | undefined;
      return {
        open({ sql }) {
          processes ??= new Processes(clock, () => new QueryProcess(database, isStoreShared));
          return new QuerySource(sql, processes);
        },
        async close() {
          await processes?.close();
        },
      };
    };
  },
};
