import type { ChangesetStore } from '../../../store/changesets.ts';
import { toSource } from '../../../store/rows/changesets.ts';
import type { Database } from '../../database.ts';

type SourceMethods = Pick<ChangesetStore, 'sources' | 'ensureSource' | 'dropSource' | 'recordSourceFailure'>;

export function sourceMethods(database: Database): SourceMethods {
  return {
    async sources() {
      return database.all('SELECT * FROM changeset_sources ORDER BY name').map(toSource);
    },
    ensureSource: (name, host) =>
      database.write(() => {
        database
          .statement('INSERT OR IGNORE INTO changeset_sources (name, host) VALUES (?, ?)')
          .run(name, host);
      }),
    dropSource: name =>
      database.write(() => {
        database.statement('DELETE FROM changeset_sources WHERE name = ?').run(name);
      }),
    recordSourceFailure: (name, error) =>
      database.write(() => {
        database
          .statement('UPDATE changeset_sources SET last_error = ? WHERE name = ?')
          .run(JSON.stringify(error), name);
      }),
  };
}
