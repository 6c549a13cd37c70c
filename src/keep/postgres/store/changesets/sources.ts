import { portableJson } from '../../../../base/text.ts';
import type { ChangesetStore } from '../../../store/changesets.ts';
import { toSource } from '../../../store/rows/changesets.ts';
import type { SqlExecutor } from '../../executor.ts';

type SourceMethods = Pick<ChangesetStore, 'sources' | 'ensureSource' | 'dropSource' | 'recordSourceFailure'>;

export function sourceMethods(database: SqlExecutor): SourceMethods {
  return {
    async sources() {
      return (await database.query('SELECT * FROM changeset_sources ORDER BY name')).map(toSource);
    },
    async ensureSource(name, host) {
      const sql = 'INSERT INTO changeset_sources (name, host) VALUES ($1, $2) ON CONFLICT DO NOTHING';
      await database.execute(sql, [name, host]);
    },
    async dropSource(name) {
      await database.execute('DELETE FROM changeset_sources WHERE name = $1', [name]);
    },
    async recordSourceFailure(name, error) {
      const sql = 'UPDATE changeset_sources SET last_error = $1 WHERE name = $2';
      await database.execute(sql, [portableJson(error), name]);
    },
  };
}
