import { systemClock } from '../../src/base/clock.ts';
import { runGit } from '../../src/gather/repos/git/spawn.ts';
import { ingestHistory } from '../../src/gather/repos/history/ingest.ts';
import { Database } from '../../src/keep/store/sqlite/database.ts';
import { SqliteHistoryWriter } from '../../src/keep/store/sqlite/history-writer.ts';
import type { RefSnapshot } from '../../src/keep/store/types.ts';

/** Brings the database to the repository's refs and prints `{newCommits, totals, peakRssMiB}` as JSON. */
export async function bakeOnce(gitDir: string, path: string): Promise<void> {
  const [database, tips] = await Promise.all([Database.open({ path, clock: systemClock }), readTips(gitDir)]);
  const repositoryId = await database.write(() => {
    const insert = "INSERT INTO repositories (url, host) VALUES (?, 'local') ON CONFLICT DO NOTHING";
    database.statement(insert).run(gitDir);
    return Number(database.statement('SELECT id FROM repositories WHERE url = ?').get(gitDir)?.id);
  });
  const writer = new SqliteHistoryWriter(database, repositoryId);
  const { newCommits, totals } = await ingestHistory({ gitDir, writer, tips, clock: systemClock });
  await database.close();
  const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ newCommits, totals, peakRssMiB }));
}

async function readTips(gitDir: string): Promise<RefSnapshot> {
  const text = await runGit(['for-each-ref', '--format=%(objectname) %(refname)'], { gitDir });
  const lines = text.toString('utf8').split('\n');
  return new Map(
    lines
      .filter(line => line !== '')
      .map(line => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]),
  );
}
