import type { RepositoryChange, RepositoryStore, SqlRow } from '../store.ts';
import type { Repository, RepositoryState } from '../types.ts';
import type { Database } from './database.ts';
import { asRow, integer, integerOrNull, text, textOrNull } from './rows.ts';

/** Column for each field that `update` may change. */
const COLUMNS: Readonly<Record<keyof RepositoryChange, string>> = {
  state: 'state',
  tracked: 'tracked',
  headRef: 'head_ref',
  objectFormat: 'object_format',
  shallow: 'shallow',
  lastError: 'last_error',
};

function toRepository(row: SqlRow): Repository {
  return {
    id: integer(row, 'id'),
    url: text(row, 'url'),
    host: text(row, 'host'),
    tracked: integer(row, 'tracked') === 1,
    state: text(row, 'state') as RepositoryState,
    headRef: textOrNull(row, 'head_ref'),
    objectFormat: text(row, 'object_format') === 'sha256' ? 'sha256' : 'sha1',
    shallow: integer(row, 'shallow') === 1,
    totals: {
      commits: integer(row, 'commits'),
      authors: integer(row, 'authors'),
      firstCommitAt: integerOrNull(row, 'first_commit_at'),
      lastCommitAt: integerOrNull(row, 'last_commit_at'),
    },
    lastBakedAtMs: integerOrNull(row, 'last_baked_at_ms'),
    lastError: textOrNull(row, 'last_error'),
  };
}

export function createRepositoryStore(database: Database): RepositoryStore {
  const find = (where: string, value: string | number): Repository | undefined =>
    database.read(() => {
      const row = database.statement(`SELECT * FROM repositories WHERE ${where} = ?`).get(value);
      return row && toRepository(asRow(row));
    });

  return {
    async ensure(url, host) {
      const known = find('url', url);
      if (known) return known;
      return database.write(() => {
        database.statement('INSERT OR IGNORE INTO repositories (url, host) VALUES (?, ?)').run(url, host);
        const row = database.statement('SELECT * FROM repositories WHERE url = ?').get(url);
        return toRepository(asRow(row ?? {}));
      });
    },
    async byUrl(url) {
      return find('url', url);
    },
    async byId(id) {
      return find('id', id);
    },
    async list() {
      return database.read(() =>
        database
          .statement('SELECT * FROM repositories ORDER BY url')
          .all()
          .map(row => toRepository(asRow(row))),
      );
    },
    async update(id, change) {
      const entries = Object.entries(change).filter(([, value]) => value !== undefined);
      if (entries.length === 0) return;
      await database.write(() => {
        for (const [field, value] of entries) {
          const column = COLUMNS[field as keyof RepositoryChange];
          const stored = typeof value === 'boolean' ? Number(value) : value;
          database.statement(`UPDATE repositories SET ${column} = ? WHERE id = ?`).run(stored, id);
        }
      });
    },
  };
}
