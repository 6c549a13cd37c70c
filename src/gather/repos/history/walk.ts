import { joinLines, splitLines } from '../../../base/lines.ts';
import type { ObjectId } from '../../../keep/store/types.ts';
import { feed } from '../git/feed.ts';
import { IdSet } from '../git/id-set.ts';
import {
  type GitOptions,
  type GitOutput,
  type GitProcess,
  giveInput,
  runGit,
  spawnGit,
} from '../git/spawn.ts';
import { openWidePipe } from '../git/wide-pipe.ts';
import { type CommitSource, ParsedHere } from './commit-source.ts';
import type { ThreadedParser } from './threaded-parser.ts';

/** Where git reads and who may stop it. */
export interface WalkContext {
  readonly gitDir: string;
  readonly signal?: AbortSignal | undefined;
  /** Parses walks from the beginning of a history. */
  readonly parsing: ThreadedParser;
}

/** Commits reachable from `from` and not from `not`. Ids of tags mean the commits they point to. */
export interface Range {
  readonly from: IdSet;
  readonly not?: IdSet;
}

/** Commits, in the same order for the same range every time; the first `skip` left out. */
export function walkCommits(range: Range, skip: number, context: WalkContext): CommitSource {
  const args = skip > 0 ? [`--skip=${skip}`] : [];
  // From the beginning there is much to read; a thread for a few commits would cost more than it saves.
  const pipe = (range.not?.size ?? 0) === 0 ? openWidePipe() : undefined;
  const git = feed(readObjects(context, pipe), output => walk(args, range, context, output));
  return pipe ? context.parsing.read(git, pipe) : new ParsedHere(git);
}

/** Commits of exactly these ids. */
export function readCommits(hashes: Iterable<ObjectId>, context: WalkContext): CommitSource {
  const git = readObjects(context);
  giveInput(git, joinLines(hashes));
  return new ParsedHere(git);
}

/** git that writes the objects whose ids it reads (see `CommitParser`). */
function readObjects(context: WalkContext, output?: GitOutput): GitProcess {
  return spawnGit(['cat-file', '--batch', '--buffer'], { ...gitOptions(context), output });
}

/** Hashes, one a line. Where clocks were wrong it may hold commits that `not` reaches. */
export function walkHashes(range: Range, context: WalkContext): GitProcess {
  return walk(['--topo-order'], range, context);
}

/**
 * Whether `from` reaches anything that `not` does not: sure when it says no, which takes a fifth of the time of
 * `walkHashes`; where clocks were wrong it may say yes and be mistaken.
 */
export async function reachesMore(range: Range, context: WalkContext): Promise<boolean> {
  const args = ['rev-list', '--max-count=1', '--stdin'];
  const answer = await runGit(args, { ...gitOptions(context), input: revisions(range) });
  return answer.length > 0;
}

/** How many commits are reachable. */
export function countCommits(from: IdSet, context: WalkContext): Promise<number> {
  return countRange({ from }, context);
}

/** How many commits are reachable from `from` and not from `not`. */
export async function countRange(range: Range, context: WalkContext): Promise<number> {
  const args = ['rev-list', '--count', '--stdin'];
  const answer = await runGit(args, { ...gitOptions(context), input: revisions(range) });
  return Number(answer.toString('latin1'));
}

/** Those of the ids whose objects are not in the repository. */
export async function missingObjects(ids: Iterable<ObjectId>, context: WalkContext): Promise<IdSet> {
  const git = spawnGit(['cat-file', '--batch-check'], gitOptions(context));
  giveInput(git, joinLines(ids));
  const missing: ObjectId[] = [];
  for await (const line of splitLines(git.stdout))
    if (line.endsWith(' missing')) missing.push(line.slice(0, line.indexOf(' ')));
  await git.done;
  return IdSet.of(missing);
}

/** git that writes the hashes of a range's commits, one a line. */
function walk(args: readonly string[], range: Range, context: WalkContext, output?: GitOutput): GitProcess {
  const git = spawnGit(['rev-list', ...args, '--stdin'], { ...gitOptions(context), output });
  giveInput(git, revisions(range));
  return git;
}

function gitOptions({ gitDir, signal }: WalkContext): GitOptions {
  return { gitDir, protocol: 'none', signal };
}

/** For --stdin: any number of ids, in their order, so that the same range is the same command. */
function revisions({ from, not = IdSet.none }: Range): Generator<string> {
  return joinLines(inOrder(from, not));
}

function* inOrder(from: IdSet, not: IdSet): Generator<string> {
  yield* from;
  for (const id of not) yield `^${id}`;
}
