import type { Scope } from '../questions.ts';

/** A path that commits changed. */
export interface ChangedPath {
  readonly id: number;
  readonly path: string;
  /** How many commits ever changed it. */
  readonly changes: number;
}

/** Changes of files, one at each index; a commit comes once for each of the files. */
export interface FileChangeColumns {
  readonly commitIds: readonly number[];
  readonly days: readonly number[];
  readonly authorIds: readonly number[];
  /** Lines; empty unless they were asked for. */
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** Who an author id of a commit stands for. */
export interface ChangeAuthor {
  readonly repositoryId: number;
  readonly personId: number;
  readonly name: string;
  readonly email: string;
}

/** What a database tells of changes of files, for the questions of `pathQuestions`. Each may throw `database_*`. */
export interface ChangeSource {
  /** Paths in repositories that are like one of these patterns of LIKE, and that commits changed; in any order. */
  pathsLike(repositoryIds: readonly number[], patterns: readonly string[]): Promise<ChangedPath[]>;
  /** Changes of paths on the days of a scope, without programs where it says so; in any order. */
  changesOf(pathIds: readonly number[], scope: Scope, withLines: boolean): Promise<FileChangeColumns>;
  authors(ids: readonly number[]): Promise<ReadonlyMap<number, ChangeAuthor>>;
  /** Seconds since the epoch. */
  commitTimes(ids: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /**
   * The hour of the week of each commit that changed one of the paths, 0 to 167, in the author's own time; for the same
   * changes as `changesOf`, each commit once, in any order.
   */
  hoursOfWeek(pathIds: readonly number[], scope: Scope): Promise<readonly number[]>;
  /** URLs. */
  repositoryUrls(ids: readonly number[]): Promise<ReadonlyMap<number, string>>;
}
