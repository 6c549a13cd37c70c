import type { PersonCommits } from '../keep/store/questions.ts';

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
 * How many people would have to leave until half of what was written is by people who are gone.
 * @param people everybody, most commits first
 */
export function busFactor(people: readonly PersonCommits[]): BusFactor {
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
