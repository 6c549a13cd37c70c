import type { PersonCommits } from '../keep/store/questions.ts';
import { emailKey } from '../keep/store/rows/people.ts';

export interface BusFactor {
  /** The fewest people who together wrote half of the commits or more; 0 without commits. */
  readonly factor: number;
  readonly commits: number;
  /** Everybody who wrote one. */
  readonly people: number;
  /** Those few, most commits first; `share` of all commits, 0 to 1. */
  readonly few: readonly (PersonCommits & { readonly share: number })[];
}

/**
 * How many people would have to leave until half of what was written is by people who are gone. Names with the same
 * e-mail, without regard to case, are one person: whoever goes takes all of them along.
 * @param names everybody, most commits first
 */
export function busFactor(names: readonly PersonCommits[]): BusFactor {
  const people = oneByEmail(names);
  const commits = people.reduce((sum, person) => sum + person.commits, 0);
  const few: BusFactor['few'][number][] = [];
  let covered = 0;
  for (const person of people) {
    if (covered * 2 >= commits) break;
    covered += person.commits;
    few.push({ ...person, share: person.commits / commits });
  }
  return { factor: few.length, commits, people: people.length, few };
}

/** One for each e-mail, under the name with most commits; those without an e-mail by their names. Most commits first. */
function oneByEmail(names: readonly PersonCommits[]): PersonCommits[] {
  const byEmail = Map.groupBy(names, ({ name, email }) => emailKey(email) || `name ${name}`);
  return [...byEmail.values()]
    .flatMap(([first, ...others]) =>
      first ? [{ ...first, commits: others.reduce((sum, { commits }) => sum + commits, first.commits) }] : [],
    )
    .sort((one, other) => other.commits - one.commits);
}
