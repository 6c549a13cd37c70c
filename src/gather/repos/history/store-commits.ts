import { setImmediate } from 'node:timers/promises';
import { SluiceError } from '../../../base/errors.ts';
import type { HistoryWriter } from '../../../keep/store/store.ts';
import type { CommitRow } from '../../../keep/store/types.ts';
import type { GitProcess } from '../git/spawn.ts';
import { CommitParser } from './parse.ts';

/** Commits of one transaction. Storing them takes less time than git's output buffer lasts, so git hardly waits. */
const BATCH_COMMITS = 512;
/** Parsed commits that may wait while another connection holds the write lock. */
const MAX_WAITING_COMMITS = 2 * BATCH_COMMITS;

/**
 * Stores what a walk gives while it is still walking. Parsing happens as chunks come; between two batches
 * the event loop gets its turn, so that reading goes on.
 * @param onStored told after each batch how many commits it had
 * @returns how many were new in the store
 */
export async function storeCommits(
  git: GitProcess,
  writer: Pick<HistoryWriter, 'append'>,
  onStored: (commits: number) => void,
): Promise<number> {
  const reader = new CommitReader(git);
  let added = 0;
  try {
    for (let batch = await reader.next(); batch.length > 0; batch = await reader.next()) {
      added += await writer.append(batch, batch.length);
      onStored(batch.length);
      await setImmediate();
    }
  } finally {
    git.stdout.destroy();
  }
  await git.done;
  if (reader.incomplete) throw new SluiceError('git_failed', 'git ended in the middle of a commit');
  return added;
}

/** Parses git's output as it comes and hands it out in batches; stops reading when too many commits wait. */
class CommitReader {
  readonly #parser = new CommitParser();
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
  }

  get incomplete(): boolean {
    return this.#parser.incomplete;
  }

  /** The next commits, a batch or more; none at the end. */
  async next(): Promise<CommitRow[]> {
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

  #take(chunk: Buffer): void {
    this.#parser.push(chunk, this.#rows);
    if (this.#rows.length < BATCH_COMMITS) return;
    this.#wake();
    if (this.#rows.length >= MAX_WAITING_COMMITS) this.#git.stdout.pause();
  }
}
