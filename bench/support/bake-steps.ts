import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.ts';
import { runGit } from '../../src/gather/repos/git/spawn.ts';
import { ingestHistory } from '../../src/gather/repos/history/ingest.ts';
import { openStore } from '../../src/keep/sqlite/open-store.ts';
import type { RefSnapshot } from '../../src/keep/store/types.ts';

/** What one run prints, as JSON. */
export interface BakeOutcome {
  readonly newCommits: number;
  readonly commits: number;
  readonly peakRssMiB: number;
  /** Processor time of this process alone, git not counted. */
  readonly cpuMs: number;
}

/**
 * Brings the database to the repository's refs, or to those in `tipsFile` (lines `hash name`), and prints a
 * `BakeOutcome`.
 */
export async function bakeOnce(gitDir: string, path: string, tipsFile?: string): Promise<void> {
  const [store, tips] = await Promise.all([
    openStore(path, { clock: systemClock }),
    tipsFile === undefined ? readTips(gitDir) : parseTips(readFileSync(tipsFile, 'utf8')),
  ]);
  const { id } = await store.repositories.ensure(gitDir, 'local');
  const { newCommits, totals } = await ingestHistory({
    gitDir,
    writer: store.history(id),
    tips,
    clock: systemClock,
  });
  await store.close();
  const { user, system } = process.cpuUsage();
  const outcome: BakeOutcome = {
    newCommits,
    commits: totals.commits,
    peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    cpuMs: Math.round((user + system) / 1000),
  };
  console.log(JSON.stringify(outcome));
}

async function readTips(gitDir: string): Promise<RefSnapshot> {
  const text = await runGit(['for-each-ref', '--format=%(objectname) %(refname)'], { gitDir });
  return parseTips(text.toString('utf8'));
}

function parseTips(text: string): RefSnapshot {
  const lines = text.split('\n').filter(line => line !== '');
  return new Map(
    lines.map(line => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))] as const),
  );
}
