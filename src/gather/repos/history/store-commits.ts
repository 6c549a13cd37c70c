import { setImmediate } from 'node:timers/promises';
import { SluiceError } from '../../../base/errors.ts';
import type { HistoryWriter } from '../../../keep/store/store.ts';
import type { CommitRow } from '../../../keep/store/types.ts';
import type { GitProcess } from '../git/spawn.ts';
import { CommitParser } from './parse.ts';

/** Commits that are sorted by hash together: the wider, the fewer pages of the index by hash each batch touches. */
const WINDOW_COMMITS = 8192;
/** Commits of one transaction. Storing them takes less time than git's output buffer lasts, so git never waits. */
const BATCH_COMMITS = 512;

/**
 * Stores what a walk gives while it is still walking. Parsing happens as chunks come; between two batches
 * the event loop gets its turn, so that reading goes on while a window is being stored.
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
    for (let window = await reader.next(); window.length > 0; window = await reader.next()) {
      const sorted = sortByHash(window);
      for (let from = 0; from < sorted.length; from += BATCH_COMMITS) {
        const batch = sorted.slice(from, from + BATCH_COMMITS);
        // Sorted, a part of a window is no beginning of the walk: only the whole counts as walked.
        const last = from + BATCH_COMMITS >= sorted.length;
        added += await writer.append(batch, last ? sorted.length : 0);
        onStored(batch.length);
        await setImmediate();
      }
    }
  } finally {
    git.stdout.destroy();
  }
  await git.done;
  if (reader.incomplete) throw new SluiceError('git_failed', 'git ended in the middle of a commit');
  return added;
}

/** Parses git's output as it comes and hands it out in windows; stops reading when two windows wait. */
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

  /** The next window of commits; an empty one at the end. */
  async next(): Promise<CommitRow[]> {
    while (this.#rows.length < WINDOW_COMMITS && !this.#ended) {
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
    if (this.#rows.length < WINDOW_COMMITS) return;
    this.#wake();
    if (this.#rows.length >= 2 * WINDOW_COMMITS) this.#git.stdout.pause();
  }
}

/** By the first 32 bits, which is as good as sorted; a sort of numbers is many times faster than one of texts. */
function sortByHash(rows: readonly CommitRow[]): CommitRow[] {
  const keys = new Float64Array(rows.length);
  for (const [index, row] of rows.entries()) {
    keys[index] = Number.parseInt(row.hash.slice(0, 8), 16) * rows.length + index;
  }
  keys.sort();
  return Array.from(keys, key => rows[key % rows.length] as CommitRow);
}
