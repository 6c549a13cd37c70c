/**
 * Reads from a clone when its pull requests changed: each merge on the main line is one, with the times of the
 * commits that it brought. Comments and reviews are not in git, so the true activity is higher.
 *
 * Usage: node bench/schedule/extract-activity.ts REPOSITORY FROM_YEAR > bench/schedule/data/NAME.json
 *
 * Each pull request is a list of seconds: when it was opened (absolute), then every change after that, relative
 * to it, in order; the last one is the merge.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

interface Commit {
  readonly parents: readonly string[];
  readonly authoredAt: number;
  readonly committedAt: number;
  readonly isPullRequest: boolean;
}

const DAY = 86_400;
/** Work that was written long before is no change of the pull request. */
const LONGEST_OPEN = 365 * DAY;

const [repository, fromYear] = process.argv.slice(2);
if (!repository || !fromYear) throw new Error('usage: extract-activity.ts REPOSITORY FROM_YEAR');

const commits = await readCommits(repository);
const since = Date.UTC(Number(fromYear)) / 1000;
const requests = pullRequests(commits.order, commits.byHash).filter(times => (times[0] ?? 0) >= since);
process.stdout.write(`[\n${requests.map(times => JSON.stringify(times)).join(',\n')}\n]\n`);

async function readCommits(
  gitDir: string,
): Promise<{ order: string[]; byHash: ReadonlyMap<string, Commit> }> {
  const git = spawn('git', [
    '-C',
    gitDir,
    'log',
    '--topo-order',
    '--format=%H%x09%P%x09%at%x09%ct%x09%s',
    'HEAD',
  ]);
  const byHash = new Map<string, Commit>();
  const order: string[] = [];
  for await (const line of createInterface({ input: git.stdout })) {
    const [hash = '', parents = '', authored, committed, subject = ''] = line.split('\t');
    byHash.set(hash, {
      parents: parents.split(' ').filter(Boolean),
      authoredAt: Number(authored),
      committedAt: Number(committed),
      isPullRequest: subject.startsWith('Merge pull request'),
    });
    order.push(hash);
  }
  return { order, byHash };
}

/** Walks the main line from its beginning; what a merge reaches and nothing before it did, it brought. */
function pullRequests(order: readonly string[], byHash: ReadonlyMap<string, Commit>): number[][] {
  const mainLine: string[] = [];
  for (let hash = order[0]; hash !== undefined; hash = byHash.get(hash)?.parents[0]) mainLine.push(hash);
  const seen = new Set<string>();
  const found: number[][] = [];
  for (const hash of mainLine.reverse()) {
    const merge = byHash.get(hash);
    const brought: Commit[] = [];
    const stack = [hash];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const commit = byHash.get(next);
      if (seen.has(next) || !commit) continue;
      seen.add(next);
      if (next !== hash) brought.push(commit);
      stack.push(...commit.parents);
    }
    if (merge?.isPullRequest && brought.length > 0) found.push(timesOf(merge, brought));
  }
  return found;
}

function timesOf(merge: Commit, brought: readonly Commit[]): number[] {
  const merged = merge.committedAt;
  const all = brought.flatMap(({ authoredAt, committedAt }) => [authoredAt, committedAt]);
  const times = [...new Set(all)]
    .filter(at => at < merged && at > merged - LONGEST_OPEN)
    .sort((a, b) => a - b);
  const opened = times[0] ?? merged - 60;
  // Commits of one push come together: only the last of a minute counts.
  const spaced = times.filter((at, index) => at > opened && (times[index + 1] ?? merged) - at > 60);
  return [opened, ...spaced.map(at => at - opened), merged - opened];
}
