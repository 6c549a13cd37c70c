import type { DatedScope, Scope } from '../../../store/questions.ts';

/** Earlier and later than any day that a commit can have. */
const FIRST_DAY = 0;
const AFTER_LAST_DAY = 10_000_000;

/** The repositories of a scope; parameter 1 is from `scopeParams`. */
export const REPOSITORIES = 'ANY($1::bigint[])';

/** A condition on the columns `repository_id` and `day`; its parameters are 1 to 3, from `scopeParams`. */
export const IN_SCOPE = `repository_id = ${REPOSITORIES} AND day >= $2 AND day < $3`;

/** Ids of the identities of programs. */
export const BOTS =
  'SELECT identities.id FROM people JOIN identities ON person_id = people.id WHERE people.bot = 1';

/** A condition on the column `author_id`, to be appended to others. */
export function exceptBots({ withoutBots }: Scope): string {
  return withoutBots ? `AND author_id NOT IN (${BOTS})` : '';
}

/** The days whose dates are believed: from the first, to before the second. */
export function datedDays({ datedSinceDay, datedUntilDay }: DatedScope): [number, number] {
  return [datedSinceDay ?? FIRST_DAY, datedUntilDay ?? AFTER_LAST_DAY];
}

export function scopeParams({
  repositoryIds,
  sinceDay,
  untilDay,
}: Scope): [readonly number[], number, number] {
  return [repositoryIds, sinceDay ?? FIRST_DAY, untilDay ?? AFTER_LAST_DAY];
}
