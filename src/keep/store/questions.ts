import type { Percentiles } from './changeset-life.ts';

/**
 * The questions that are asked of what is known, by name: each answers with typed rows, and takes milliseconds over
 * hundreds of thousands of commits. What they mean to people is made of them in `insights/` and by the station. None
 * changes what another one answers; every one may throw `database_*`. Days are days since the epoch, in UTC; commits
 * count by commit date.
 */
export interface Questions {
  /** Sums by day, ascending; only days with commits. */
  activityByDay(scope: Scope): Promise<DayActivity[]>;
  /**
   * People by number of commits, most first, then by name and e-mail: the order and figures of `git shortlog -sne
   * --all`. A person is a distinct name and e-mail after the mailmap, unless e-mails were merged by hand.
   */
  topAuthors(scope: DatedScope, limit: number): Promise<AuthorCommits[]>;
  /** Everybody who wrote a commit, in the order of `topAuthors`. */
  commitsByPerson(scope: Scope): Promise<PersonCommits[]>;
  /**
   * For each person the days with commits, ascending; a day may come more than once. Of the whole history of the
   * repositories, whatever days the scope has.
   */
  daysByPerson(scope: Scope): Promise<readonly (readonly number[])[]>;
  /** Commits by hour of the week in each author's own time; hours without commits may be left out. */
  commitsByHourOfWeek(scope: Scope): Promise<HourCommits[]>;
  /**
   * Files changed most often, most first, then by path, with how many people changed them. Only commits whose churn has
   * been read count; a renamed file counts under each of its names.
   */
  mostChangedFiles(scope: DatedScope, limit: number): Promise<FileChanges[]>;
  /** When something was last committed to each repository, longest ago first, those without commits before all. */
  lastCommits(scope: Scope): Promise<LastCommitTime[]>;
  /** How many paths, among those that commits ever changed, the globs of a scope mean. */
  countPaths(scope: Scope): Promise<number>;
  /** Which of these repositories have commits whose churn has not been read, by URL. */
  unreadChurn(repositoryIds: readonly number[]): Promise<UnreadChurn[]>;

  /** Counts changesets that are open or drafts, by how long ago they were opened. Ages without any may be left out. */
  countOpenChangesets(query: OpenChangesetsQuery): Promise<OpenChangesetCounts[]>;
  /**
   * Figures of the lives of changesets in a window. Lives that are not known yet, as after an upgrade, are made first.
   */
  changesetFigures(query: LifeFiguresQuery): Promise<LifeFigures>;
  /** Those merged in a window, in the order in which they were. */
  mergedCycles(query: ChangesetWindow): Promise<MergedCycle[]>;
  /**
   * Reviews by reviewer and day, by reviewer and then by day: what people other than the author said, sent off, from the
   * beginning of a window to its end.
   */
  reviewsByDay(query: ChangesetWindow): Promise<DayReviews[]>;
  /** How many open changesets and drafts have not changed for so long, and the ones that changed longest ago. */
  staleChangesets(query: StaleChangesetsQuery): Promise<StaleChangesets>;

  /** Repositories that are in a state other than `ok` and `new`, by state. */
  troubledRepositories(): Promise<StoreTrouble[]>;
  /** Changesets whose last sync failed, by the error's code. Costs nothing where none did. */
  failingChangesets(): Promise<StoreTrouble[]>;
}

/** Which commits a question is about. */
export interface Scope {
  readonly repositoryIds: readonly number[];
  /** First day. */
  readonly sinceDay?: number | undefined;
  /** The day after the last one. */
  readonly untilDay?: number | undefined;
  /** Leaves out what programs wrote. */
  readonly withoutBots?: boolean | undefined;
  /**
   * Globs (`base/globs.ts`). Where there are any: only commits that changed a file which they mean, or one in a folder
   * which they mean; files and lines are those of such files. As far as churn has been read.
   */
  readonly paths?: readonly string[] | undefined;
}

/** Which commits a question is about, and which of their dates are believed. */
export interface DatedScope extends Scope {
  /**
   * First and last dates are those on these days only, and null where there are none: commits without a date, or with
   * one yet to come, count all the same. By default every date is believed.
   */
  readonly datedSinceDay?: number | undefined;
  /** The day after the last one. */
  readonly datedUntilDay?: number | undefined;
}

/** What happened on a day. Files and lines are those of commits whose churn has been read. */
export interface DayActivity {
  readonly day: number;
  readonly commits: number;
  /** Commits with two parents or more. */
  readonly merges: number;
  /** Changes of files: one that two commits change counts twice. */
  readonly files: number;
  /** Lines. */
  readonly added: number;
  readonly removed: number;
}

export interface PersonCommits {
  /** As the mailmap, or a merge by hand, has it. */
  readonly name: string;
  readonly email: string;
  readonly commits: number;
}

export interface AuthorCommits extends PersonCommits {
  /** Lines of the commits whose churn has been read. */
  readonly added: number;
  readonly removed: number;
  /** Seconds since the epoch; within the scope, and on days that are believed. */
  readonly firstCommitAt: number | null;
  readonly lastCommitAt: number | null;
}

export interface HourCommits {
  /** 0 to 167, Monday 00–01 being 0. */
  readonly hourOfWeek: number;
  readonly commits: number;
}

export interface FileChanges {
  /** URL of the repository. */
  readonly repository: string;
  readonly path: string;
  /** Commits that changed the file. */
  readonly changes: number;
  /** How many people they are by. */
  readonly people: number;
  /** Lines. */
  readonly added: number;
  readonly removed: number;
  /** Within the scope, and of those that are believed. */
  readonly lastChangeDay: number | null;
}

export interface LastCommitTime {
  /** URL. */
  readonly repository: string;
  /** Seconds since the epoch; null without commits. */
  readonly lastCommitAt: number | null;
}

/** A repository with commits of which it is not known what they changed. */
export interface UnreadChurn {
  /** URL. */
  readonly repository: string;
  /** `begun`: of some of them it is. */
  readonly state: 'none' | 'begun';
}

/** Which changesets a question is about; all where neither is given. */
export interface ChangesetScope {
  readonly host?: string | undefined;
  /** As the host has it, without regard to case. */
  readonly repository?: string | undefined;
}

export interface OpenChangesetsQuery extends ChangesetScope {
  /** Those that the host has seen no change of since then are stale. */
  readonly idleSinceMs: number;
  /**
   * Ages: those opened since the first time, then since the second, and so on, and at last all older ones. Descending.
   */
  readonly openedSinceMs: readonly number[];
}

export interface OpenChangesetCounts {
  /** Index into `openedSinceMs`; its length for those older than all of them. */
  readonly age: number;
  readonly open: number;
  readonly draft: number;
  /** Open ones that nobody has reviewed yet. */
  readonly waitingForReview: number;
  /** Of open ones and drafts. */
  readonly stale: number;
}

/** A window of the host's clock: from then on, and before the end. */
export interface ChangesetWindow extends ChangesetScope {
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface MergedCycle {
  readonly mergedAtMs: number;
  /** From its creation to its merge, less time as a draft. */
  readonly cycleMs: number;
}

export interface LifeFiguresQuery extends ChangesetWindow {
  /** Bounds of sizes: up to so many lines changed, each larger than the one before. */
  readonly upToLines: readonly number[];
}

/** Durations in milliseconds; what has not come to something does not count in it. */
export interface LifeFigures {
  /** Of all that were opened in the window. */
  readonly timeToFirstReviewMs: Percentiles;
  /** Of those merged in it: how often they were reviewed anew, and their cycle with its parts. */
  readonly reviewRounds: Percentiles;
  readonly cycleMs: Percentiles;
  readonly draftMs: Percentiles;
  readonly firstReviewMs: Percentiles;
  readonly inReviewMs: Percentiles;
  readonly waitForMergeMs: Percentiles;
  /** The cycle by lines changed: one for each of `upToLines`, and at last for all larger ones. */
  readonly cycleBySizeMs: readonly Percentiles[];
  /** Days since the epoch on which any were opened, merged, or closed without that, in their order. */
  readonly days: readonly {
    readonly day: number;
    readonly opened: number;
    readonly merged: number;
    readonly closed: number;
  }[];
}

export interface DayReviews {
  /** As the host calls them. */
  readonly reviewer: string;
  /** Days since the epoch, UTC. */
  readonly day: number;
  readonly reviews: number;
}

export interface StaleChangesetsQuery extends ChangesetScope {
  readonly idleSinceMs: number;
  /** How many of the oldest are wanted. */
  readonly limit: number;
}

export interface StaleChangesets {
  readonly count: number;
  readonly oldest: readonly { readonly url: string; readonly title: string; readonly updatedAtMs: number }[];
}

/** Things that are in trouble for the same reason. */
export interface StoreTrouble {
  /** Of repositories their state. */
  readonly stage: string | null;
  /** Of changesets the code of the error, which may be of another version's catalogue. */
  readonly code: string | null;
  readonly count: number;
  /** The address of one of them: that of `lastAtMs`. */
  readonly subject: string | null;
  /** The same one, in words. */
  readonly example: string;
  readonly lastAtMs: number | null;
}
