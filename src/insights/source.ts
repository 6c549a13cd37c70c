import type { SqlRow, SqlValue } from '../keep/store/store.ts';

/** What an insight asks its question of: the store, of which it only reads the documented schema. */
export interface Source {
  query(sql: string, params?: readonly SqlValue[]): Promise<SqlRow[]>;
}

/** Which commits a question is about. */
export interface Scope {
  readonly repositoryIds: readonly number[];
  /** Seconds since the epoch, inclusive. */
  readonly since?: number;
  /** Seconds since the epoch, exclusive. */
  readonly until?: number;
}

/** `WHERE` conditions of a scope over the commits table, with their parameters. */
export function scopeConditions(scope: Scope): { readonly sql: string; readonly params: SqlValue[] } {
  const marks = scope.repositoryIds.map(() => '?').join(', ');
  const conditions = [`repository_id IN (${marks})`];
  const params: SqlValue[] = [...scope.repositoryIds];
  if (scope.since !== undefined) {
    conditions.push('committed_at >= ?');
    params.push(scope.since);
  }
  if (scope.until !== undefined) {
    conditions.push('committed_at < ?');
    params.push(scope.until);
  }
  return { sql: conditions.join(' AND '), params };
}
