import { splitLines } from '../../../base/lines.ts';
import type { HistoryWriter } from '../../../keep/store/history.ts';
import type { ObjectId } from '../../../keep/store/types.ts';
import type { IdSet } from '../git/id-set.ts';
import type { GitProcess } from '../git/spawn.ts';
import { storeCommits } from './store-commits.ts';
import { reachesMore, readCommits, type WalkContext, walkHashes } from './walk.ts';

/** Hashes compared in one pass: 9 bytes of memory each. */
const MAX_HASHES_A_PASS = 4_000_000;
/** Hashes handed on at once. */
const CHUNK_HASHES = 1000;
/** As many hexadecimal digits as a double holds exactly. */
const PREFIX_DIGITS = 13;

/**
 * Takes out what only `departed` reached. Where clocks were wrong, git may name commits too many: the caller
 * counts afterwards. @returns how many were taken out
 */
export async function removeUnreachable(
  departed: IdSet,
  tips: IdSet,
  writer: HistoryWriter,
  context: WalkContext,
): Promise<number> {
  const range = { from: departed, not: tips };
  // A branch that only moved forward leaves nothing behind.
  if (!(await reachesMore(range, context))) return 0;
  let removed = 0;
  for await (const hashes of chunks(lines(walkHashes(range, context)))) {
    removed += await writer.remove(hashes);
  }
  return removed;
}

/**
 * Makes the stored commits exactly those that `tips` reach, by comparing all hashes: for when counting shows
 * that something is off. Memory is bounded: a history of many millions is compared in several passes.
 */
export async function reconcileHistory(
  tips: IdSet,
  writer: HistoryWriter,
  context: WalkContext,
): Promise<{ readonly added: number; readonly removed: number }> {
  const passes = Math.ceil(((await writer.count()) + 1) / MAX_HASHES_A_PASS);
  let added = 0;
  let removed = 0;
  for (let pass = 0; pass < passes; pass += 1) {
    const inPass = (hash: ObjectId): boolean => Number.parseInt(hash.slice(0, 4), 16) % passes === pass;
    const seen = new SeenHashes();
    for await (const hash of writer.hashes()) if (inPass(hash)) seen.expect(hash);
    const isNew = (hash: ObjectId): boolean => inPass(hash) && !seen.mark(hash);
    for await (const hashes of chunks(reachable(tips, context), isNew)) {
      // The walk that is pending does not get further by this.
      added += await storeCommits(readCommits(hashes, context), notWalking(writer), {
        signal: context.signal,
      });
    }
    // Removing while hashes() runs is safe: it goes on from the last hash it gave.
    const isGone = (hash: ObjectId): boolean => inPass(hash) && !seen.marked(hash);
    for await (const hashes of chunks(writer.hashes(), hash => isGone(hash) && seen.has(hash))) {
      removed += await writer.remove(hashes);
    }
  }
  return { added, removed };
}

function reachable(tips: IdSet, context: WalkContext): AsyncIterable<ObjectId> {
  return lines(walkHashes({ from: tips }, context));
}

function notWalking(writer: HistoryWriter): Pick<HistoryWriter, 'append' | 'commitsAtOnce'> {
  return { commitsAtOnce: writer.commitsAtOnce, append: commits => writer.append(commits, 0) };
}

async function* lines(git: GitProcess): AsyncGenerator<ObjectId> {
  try {
    for await (const line of splitLines(git.stdout)) if (line !== '') yield line;
  } finally {
    git.stdout.destroy();
  }
  await git.done;
}

async function* chunks(
  hashes: AsyncIterable<ObjectId>,
  wanted: (hash: ObjectId) => boolean = () => true,
): AsyncGenerator<ObjectId[]> {
  let chunk: ObjectId[] = [];
  for await (const hash of hashes) {
    if (wanted(hash) && chunk.push(hash) === CHUNK_HASHES) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** Hashes in ascending order, each with a mark; distinguished by their first 52 bits. */
class SeenHashes {
  #prefixes = new Float64Array(1024);
  #marks = new Uint8Array(0);
  #size = 0;

  /** Adds a hash; they come in ascending order, before the first mark. */
  expect(hash: ObjectId): void {
    if (this.#size === this.#prefixes.length) {
      const grown = new Float64Array(this.#size * 2);
      grown.set(this.#prefixes);
      this.#prefixes = grown;
    }
    this.#prefixes[this.#size] = prefix(hash);
    this.#size += 1;
  }

  /** @returns whether the hash was expected */
  mark(hash: ObjectId): boolean {
    if (this.#marks.length < this.#size) this.#marks = new Uint8Array(this.#size);
    const index = this.#find(hash);
    if (index >= 0) this.#marks[index] = 1;
    return index >= 0;
  }

  marked(hash: ObjectId): boolean {
    const index = this.#find(hash);
    return index >= 0 && this.#marks[index] === 1;
  }

  has(hash: ObjectId): boolean {
    return this.#find(hash) >= 0;
  }

  #find(hash: ObjectId): number {
    const wanted = prefix(hash);
    let low = 0;
    let high = this.#size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const prefixThere = this.#prefixes[middle] ?? 0;
      if (prefixThere === wanted) return middle;
      if (prefixThere < wanted) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

function prefix(hash: ObjectId): number {
  return Number.parseInt(hash.slice(0, PREFIX_DIGITS), 16);
}
