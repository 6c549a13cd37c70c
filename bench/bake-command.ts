/**
 * `sluice bake` as a whole process, from its start to its exit, against `git log --all` of the same fields to
 * /dev/null on the same clone in the same run: the first bake (clone in the cache and known to the database, nothing read)
 * and a bake of ten new commits.
 *
 * Usage: node bench/bake-command.ts REPOSITORY [ROUNDS]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { machine, measure, median } from './support/measure.ts';

const MAIN = resolve(import.meta.dirname, '../bin/sluice.js');
const FIELDS = '%H%x00%P%x00%an%x00%ae%x00%ad%x00%cn%x00%ce%x00%cd%x00%s';
const CO_AUTHORS = '%x00%(trailers:key=Co-authored-by,valueonly)';
const NEW_COMMITS = 10;

const source = process.argv[2];
const rounds = Number(process.argv[3] ?? 5);
if (!source) throw new Error('usage: node bench/bake-command.ts REPOSITORY [ROUNDS]');

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
try {
  await run(resolve(source));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(repository: string): Promise<void> {
  console.log(`${machine()}, ${execFileSync('git', ['--version'], { encoding: 'utf8' }).trim()}`);
  // A copy of ours, so that it can get new commits; objects are shared with the original.
  const remote = join(folder, 'remote.git');
  execFileSync('git', ['clone', '-q', '--bare', '--shared', repository, remote]);
  const database = join(folder, 'bench.db');
  const bake = () =>
    measure(process.execPath, [MAIN, '--root', folder, '--database', database, 'bake', '--json', remote]);
  const first = JSON.parse((await bake()).stdout) as { commits: number };
  const cache = join(folder, 'cache');
  const clone = join(cache, readdirSync(cache).find(name => name.endsWith('.git')) ?? '');
  const log = (format: string) =>
    measure('git', ['-C', clone, 'log', '--all', '--date=raw', `--format=${format}`], { discard: true });

  const ratios = { fields: [] as number[], withCoAuthors: [] as number[] };
  const walls: number[] = [];
  const floors: number[] = [];
  let peakRssMiB = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const end of ['', '-wal', '-shm']) rmSync(database + end, { force: true });
    // A clone that is found on disk is taken over first, which is no part of a bake.
    await measure(process.execPath, [MAIN, '--root', folder, '--database', database, 'cache', 'ls']);
    const floor = await log(FIELDS);
    const floorWithCoAuthors = await log(FIELDS + CO_AUTHORS);
    const baked = await bake();
    walls.push(baked.wallMs);
    floors.push(floor.wallMs);
    ratios.fields.push(baked.wallMs / floor.wallMs);
    ratios.withCoAuthors.push(baked.wallMs / floorWithCoAuthors.wallMs);
    peakRssMiB = Math.max(peakRssMiB, baked.peakRssMiB);
  }
  console.log(`first bake of ${first.commits} commits, median of ${rounds} pairs:`);
  console.log(
    `  ${seconds(median(walls))} against ${seconds(median(floors))} of git log: ${median(ratios.fields).toFixed(2)}×`,
  );
  console.log(
    `  ${median(ratios.withCoAuthors).toFixed(2)}× git log that prints co-authors, too; peak memory ${Math.round(peakRssMiB)} MiB`,
  );

  const news: number[] = [];
  const afterFetch: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    addCommits(remote, NEW_COMMITS);
    const { wallMs, stdout } = await bake();
    const { newCommits, durationMs, fetchMs } = JSON.parse(stdout) as Record<string, number>;
    if (newCommits !== NEW_COMMITS) throw new Error(`${newCommits} new commits, not ${NEW_COMMITS}`);
    news.push(wallMs);
    afterFetch.push(Number(durationMs) - Number(fetchMs));
  }
  const fetched: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    addCommits(remote, NEW_COMMITS);
    // The news are in the clone already: what is left is to look, to read them and to store them.
    execFileSync('git', ['-C', clone, 'fetch', '-q', '--no-tags', remote, '+refs/heads/*:refs/heads/*']);
    const { wallMs, stdout } = await bake();
    const { newCommits } = JSON.parse(stdout) as { newCommits: number };
    if (newCommits !== NEW_COMMITS) throw new Error(`${newCommits} new commits, not ${NEW_COMMITS}`);
    fetched.push(wallMs);
  }
  const idle: number[] = [];
  for (let round = 0; round < rounds; round += 1) idle.push((await bake()).wallMs);
  console.log(
    `bake of ${NEW_COMMITS} new commits: ${Math.round(median(afterFetch))} ms after the fetch; as a whole process ${Math.round(median(news))} ms, ${Math.round(median(fetched))} ms where they were fetched before, ${Math.round(median(idle))} ms where there are none`,
  );
}

function addCommits(remote: string, count: number): void {
  const branch = execFileSync('git', ['-C', remote, 'symbolic-ref', 'HEAD'], { encoding: 'utf8' }).trim();
  const commands = Array.from({ length: count }, (_, index) =>
    [
      `commit ${branch}`,
      `committer Bench <bench@example.com> ${Math.floor(Date.now() / 1000) + index} +0000`,
      'data 4',
      'news',
      ...(index === 0 ? [`from ${branch}^0`] : []),
      '',
    ].join('\n'),
  );
  execFileSync('git', ['-C', remote, 'fast-import', '--quiet'], { input: commands.join('\n') });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
