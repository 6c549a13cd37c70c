import { SluiceError } from '../../../base/errors.ts';
import type { CommitRow, CommitRows } from '../../../keep/store/types.ts';
import type { GitProcess } from '../git/spawn.ts';
import { CommitParser } from './parse.ts';

/** Commits of one batch; a transaction takes one or several. */
export const BATCH_COMMITS = 1024;
/** Parsed commits that may wait while another connection holds the write lock. */
const MAX_WAITING_COMMITS = 2 * BATCH_COMMITS;

/** Commits that git is reading, in batches. */
export interface CommitSource {
  /**
   * The next commits, a batch or some more, up to `most` where so many wait already; none at the end, also when git
   * failed, which `done` then says. They can be gone through until the next ones are asked for.
   */
  next(most?: number): Promise<CommitRows>;
  /** Drops what has not been asked for. To be called at the end, too; may be repeated. */
  close(): Promise<void>;
  /** Settles when git has ended and all was read: rejects as git fails, and when it ended in the middle of a commit. */
  readonly done: Promise<void>;
}

/** Parses git's output as it comes, in this thread; stops reading when too many commits wait. */
export class ParsedHere implements CommitSource {
  readonly done: Promise<void>;
  readonly #parser = new CommitParser(commit => this.#rows.push(commit));
  readonly #git: GitProcess;
  #rows: CommitRow[] = [];
  #ended = false;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(git: GitProcess) {
    this.#git = git;
    const end = (error?: unknown): void => {
      this.#ended = true;
      this.#failure ??= error;
      this.#wake();
    };
    git.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    git.stdout.once('end', () => end());
    git.stdout.once('error', end);
    git.stdout.once('close', () => end());
    this.done = endOfCommits(git, () => this.#parser.incomplete);
  }

  async next(): Promise<CommitRows> {
    while (this.#rows.length < BATCH_COMMITS && !this.#ended) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    if (this.#failure) throw this.#failure;
    const rows = this.#rows;
    this.#rows = [];
    this.#git.stdout.resume();
    return rows;
  }

  async close(): Promise<void> {
    this.#git.stdout.destroy();
  }

  #take(chunk: Buffer): void {
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#git.stdout.destroy(error as Error);
      return;
    }
    if (this.#rows.length < BATCH_COMMITS) return;
    this.#wake();
    if (this.#rows.length >= MAX_WAITING_COMMITS) this.#git.stdout.pause();
  }
}

/** `git.done`, and a failure where the last commit lacks its end. */
export function endOfCommits(git: GitProcess, isIncomplete: () => boolean): Promise<void> {
  const done = git.done.then(() => {
    if (isIncomplete()) throw new SluiceError('git_failed', 'git ended in the middle of a commit');
  });
  // Whoever asks for commits gets to it later.
  done.catch(() => undefined);
  return done;
}
