/**
 * `sluice bake` as a whole process against `git log --all` of the same fields to /dev/null on the same clone in the
 * same run: what a first bake takes from the moment that its clone stands in the cache until the process has ended; a
 * first bake from the start of the process, with the clone there from before; and a bake of ten new commits.
 *
 * Usage: node bench/bake-command.ts REPOSITORY [ROUNDS]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { addCommits, awaitClone, cloneIn, gitLog, remoteCopy } from './support/bake-remote.ts';
import { machine, measure, median } from './support/measure.ts';

const MAIN = resolve(import.meta.dirname, '../bin/sluice.js');
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
  const remote = remoteCopy(repository, folder);
  const database = join(folder, 'bench.db');
  const bake = () =>
    measure(process.execPath, [MAIN, '--root', folder, '--database', database, 'bake', '--json', remote]);
  const first = JSON.parse((await bake()).stdout) as { commits: number };
  const clone = cloneIn(join(folder, 'cache'));

  const afterClone: number[] = [];
  const afterCloneRatios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const floor = await gitLog(clone, { coAuthors: true });
    const { afterCloneMs } = await cloneAndBake(remote, join(folder, 'anew'));
    afterClone.push(afterCloneMs);
    afterCloneRatios.push(afterCloneMs / floor.wallMs);
  }
  console.log(
    `first bake of ${first.commits} commits, from the end of its clone to the end of the process: ${seconds(median(afterClone))}, ${median(afterCloneRatios).toFixed(2)}× git log that prints co-authors, too (median of ${rounds} pairs)`,
  );

  const ratios = { fields: [] as number[], withCoAuthors: [] as number[] };
  const walls: number[] = [];
  const floors: number[] = [];
  let peakRssMiB = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const end of ['', '-wal', '-shm']) rmSync(database + end, { force: true });
    // A clone that is found on disk is taken over first, which is no part of a bake.
    await measure(process.execPath, [MAIN, '--root', folder, '--database', database, 'cache', 'ls']);
    const floor = await gitLog(clone, { coAuthors: false });
    const floorWithCoAuthors = await gitLog(clone, { coAuthors: true });
    const baked = await bake();
    walls.push(baked.wallMs);
    floors.push(floor.wallMs);
    ratios.fields.push(baked.wallMs / floor.wallMs);
    ratios.withCoAuthors.push(baked.wallMs / floorWithCoAuthors.wallMs);
    peakRssMiB = Math.max(peakRssMiB, baked.peakRssMiB);
  }
  console.log('the same from the start of a process that finds the clone there:');
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

/** Clones and bakes in one process. */
async function cloneAndBake(remote: string, root: string): Promise<{ readonly afterCloneMs: number }> {
  const clone = awaitClone(join(root, 'cache'));
  try {
    const options = ['--root', root, '--database', join(root, 'bench.db')];
    await measure(process.execPath, [MAIN, ...options, 'bake', '--json', remote]);
    return { afterCloneMs: performance.now() - clone.atMs() };
  } finally {
    clone.close();
    rmSync(root, { recursive: true, force: true });
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
