import { execFileSync } from 'node:child_process';
import type { ForgeModel } from '../../test/support/forge/model.ts';

const NUL = '\0';
/** Between two commits of a listing. */
const END = '\x1e';
/** Merges that are read from each side; what is older would be on no picture. */
const MERGES_READ = 250;
/** Commits of a topic: what has more is a branch brought up to date. */
const MOST_COMMITS = 60;
/** Fewer make no list that is worth a picture. */
const FEWEST = 20;

/** A branch that was merged, or waits to be, as its repository has it. */
export interface Topic {
  readonly title: string;
  readonly author: string;
  readonly isMerged: boolean;
  readonly createdAtMs: number;
  /** When it was merged; of one that is not, when its last commit was made. */
  readonly updatedAtMs: number;
  readonly reviewers: readonly string[];
  readonly commits: readonly { readonly oid: string; readonly atMs: number }[];
}

/**
 * Topics of a repository's own merge commits: those in its branch are merged, those in other branches alone are open.
 * Everything of them is of the history: titles, authors and times of their commits, reviewers of their trailers.
 * @param path a bare repository
 */
export function topicsOf(path: string): readonly Topic[] {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', [`--git-dir=${path}`, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const topics = new Map<string, Topic>();
  const read = (isMerged: boolean, ...range: readonly string[]): void => {
    const format = `--format=%ct${NUL_CODE}%P${END}`;
    const merges = git('log', '--merges', '--first-parent', `-n${MERGES_READ}`, format, ...range).split(END);
    for (const merge of merges) {
      const [at = '', parents = ''] = merge.trim().split(NUL);
      const [onto, tip, ...others] = parents.split(' ');
      if (onto === undefined || tip === undefined || others.length > 0 || topics.has(tip)) continue;
      const topic = topicOf(git, onto, tip, isMerged ? Number(at) * 1000 : undefined);
      if (topic) topics.set(tip, topic);
    }
  };
  read(true, 'HEAD');
  read(false, '--branches', '--not', 'HEAD');
  return [...topics.values()];
}

/** As git's formats write it: an argument cannot have a zero byte. */
const NUL_CODE = '%x00';

function topicOf(
  git: (...args: readonly string[]) => string,
  onto: string,
  tip: string,
  mergedAtMs: number | undefined,
): Topic | undefined {
  const fields = ['%H', '%at', '%ct', '%an', '%s', '%(trailers:key=Reviewed-by,valueonly,separator=%x1f)'];
  const format = `--format=${fields.join(NUL_CODE)}${END}`;
  const commits = git('log', `-n${MOST_COMMITS + 1}`, format, `${onto}..${tip}`)
    .split(END)
    .map(text => text.trimStart().split(NUL))
    .filter(([oid = '']) => oid !== '');
  const [last] = commits;
  if (!last || commits.length > MOST_COMMITS) return undefined;
  const [, , committedAt, author = '', title = ''] = last;
  const reviewers = commits.flatMap(([, , , , , trailers = '']) =>
    trailers.split('\x1f').map(each => each.replace(/<.*/, '').trim()),
  );
  const updatedAtMs = mergedAtMs ?? Number(committedAt) * 1000;
  return {
    title,
    author,
    isMerged: mergedAtMs !== undefined,
    createdAtMs: Math.min(updatedAtMs, ...commits.map(([, at]) => Number(at) * 1000)),
    updatedAtMs,
    reviewers: [...new Set(reviewers)].filter(name => name !== ''),
    commits: commits.map(([oid = '', , at]) => ({ oid, atMs: Number(at) * 1000 })).reverse(),
  };
}

/** Has a stand-in of a code host show topics as changesets of a repository, oldest first. */
export function addTopics(model: ForgeModel, path: string, topics: readonly Topic[]): void {
  const repository = model.addRepository(path);
  for (const topic of topics.toSorted((one, other) => one.createdAtMs - other.createdAtMs)) {
    const { title, author, isMerged, createdAtMs, updatedAtMs, commits, reviewers } = topic;
    const changeset = model.addChangeset(repository, {
      title,
      author,
      createdAtMs,
      updatedAtMs,
      commits: [...commits],
      headCommit: commits.at(-1)?.oid ?? '',
      state: isMerged ? 'merged' : 'open',
      ...(isMerged ? { closedAtMs: updatedAtMs } : {}),
    });
    const reviewedAtMs = commits.at(-1)?.atMs ?? createdAtMs;
    for (const actor of reviewers)
      model.addEvent(changeset, {
        kind: 'review',
        review: 'APPROVED',
        actor,
        atMs: Math.min(reviewedAtMs, updatedAtMs),
      });
    changeset.updatedAtMs = updatedAtMs;
  }
}

const EXAMPLES = [
  'Close the valve before the pump starts',
  'Read the heat sensor twice',
  'Bump the toolchain',
  'Draw the week as a punch card',
  'Wait for the lock, not for the clock',
  'Drop the old protocol',
];
const DAY_MS = 86_400_000;

/** Made up, where no history has merges enough: pictures of these say in the guide that they are examples. */
export function exampleTopics(nowMs: number): readonly Topic[] {
  return Array.from({ length: 36 }, (_, at) => {
    const createdAtMs = nowMs - (2 + ((at * 37) % 80)) * DAY_MS;
    const updatedAtMs = createdAtMs + ((at * 7) % 20) * 0.07 * DAY_MS + 3_600_000;
    return {
      title: EXAMPLES[at % EXAMPLES.length] ?? '',
      author: at % 2 ? 'grace' : 'ada',
      isMerged: at % 3 !== 0,
      createdAtMs,
      updatedAtMs,
      reviewers: at % 2 ? ['mary'] : [],
      commits: [{ oid: (at + 1).toString(16).padStart(40, 'a'), atMs: createdAtMs }],
    };
  });
}

/** Whether they make a list. */
export function isEnough(topics: readonly Topic[]): boolean {
  return topics.length >= FEWEST;
}
