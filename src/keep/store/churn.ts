import type { ObjectId } from './types.ts';

/** A commit whose churn is not known yet. */
export interface WaitingCommit {
  readonly id: number;
  readonly hash: ObjectId;
}

/** What a commit did to one file. */
export interface FileChurn {
  /**
   * As git has it, in UTF-8; the new one where a file was renamed. One that is no UTF-8, or begins with `"`, in git's
   * quoted form.
   */
  readonly path: string;
  /** Lines; null for a binary file. */
  readonly added: number | null;
  readonly removed: number | null;
}

export interface CommitChurn extends WaitingCommit {
  readonly files: readonly FileChurn[];
}

/**
 * The churn of one repository's commits. Rows of a commit appear together with its figures and all sums
 * over them, and go with the commit. At most one writer a repository at a time: the caller holds its claim.
 */
export interface ChurnWriter {
  /** Commits that wait, in ascending order of id. */
  waiting(limit: number): Promise<WaitingCommit[]>;
  /**
   * Stores the churn of commits and moves the cursor, in one transaction. Commits whose churn is there already, or
   * that are gone, are passed over.
   * @param completeTo no commit up to this id is to be asked for again
   */
  append(commits: readonly CommitChurn[], completeTo: number): Promise<void>;
}
