import type { SqlRow, SqlValue } from '../keep/store/store.ts';

/** What an insight asks its question of: the store, of which it only reads the documented schema. */
export interface InsightDatabase {
  query(sql: string, params?: readonly SqlValue[]): Promise<SqlRow[]>;
}

/** Which commits a question is about. */
export interface Scope {
  readonly repositoryIds: readonly number[];
  /** First day, in days since the epoch (UTC, by commit date). */
  readonly sinceDay?: number | undefined;
  /** The day after the last one. */
  readonly untilDay?: number | undefined;
  /** Leaves out what programs wrote (S10). */
  readonly withoutBots?: boolean | undefined;
}

/** Earlier and later than any day that a commit can have. */
const FIRST_DAY = 0;
const AFTER_LAST_DAY = 10_000_000;

/** A condition on the columns `repository_id` and `day`; its parameters are 1 to 3, from `scopeParams`. */
export const IN_SCOPE = 'repository_id IN (SELECT value FROM json_each(?1)) AND day >= ?2 AND day < ?3';

/** Ids of the identities of programs. */
export const BOTS = `SELECT identities.id FROM people CROSS JOIN identities ON identities.person_id = people.id
  WHERE people.bot = 1`;

/** A condition on the column `author_id`, to be appended to others. */
export function exceptBots({ withoutBots }: Scope): string {
  return withoutBots ? `AND author_id NOT IN (${BOTS})` : '';
}

/** Always the same number of parameters, so that the statement is prepared once. */
export function scopeParams({ repositoryIds, sinceDay, untilDay }: Scope): SqlValue[] {
  return [JSON.stringify(repositoryIds), sinceDay ?? FIRST_DAY, untilDay ?? AFTER_LAST_DAY];
}
