import { spawnSync } from 'node:child_process';
import { systemClock } from '../../../../src/base/clock.ts';
import { storedPath } from '../../../../src/gather/repos/churn/numstat.ts';
import {
  type ChurnPassOptions,
  type ChurnPassResult,
  churnPass,
} from '../../../../src/gather/repos/churn/pass.ts';
import { authoringEnvironment } from '../../../support/git-repositories.ts';
import { queryRows } from '../../../support/sqlite-store.ts';
import type { Bench } from '../history/support.ts';

export type Rows = Record<string, readonly string[]>;

/** Brings the churn of a bench's commits up to date, as a turn of a bake's clone does. */
export function readChurn(bench: Bench, change: Partial<ChurnPassOptions> = {}): Promise<ChurnPassResult> {
  return churnPass({
    gitDir: bench.git.gitDir,
    writer: bench.store.churn(bench.repositoryId),
    clock: systemClock,
    processes: 2,
    largestFileBytes: 512 * 1024,
    ...change,
  });
}

/** `added removed path` of each commit's files, as the store has them. */
export async function storedRows({ store, repositoryId }: Bench): Promise<Rows> {
  const found = queryRows(
    store,
    `SELECT lower(hex(hash)) AS hash, path, f.added, f.removed, churn.files, churn.added AS a, churn.removed AS r
       FROM commits JOIN commit_churn AS churn ON churn.commit_id = commits.id
       LEFT JOIN file_changes AS f ON f.commit_id = commits.id LEFT JOIN paths ON paths.id = f.path_id
      WHERE commits.repository_id = ?`,
    repositoryId,
  );
  const rows: Record<string, string[]> = {};
  for (const { hash, path, added, removed } of found) {
    const files = rows[String(hash)] ?? [];
    rows[String(hash)] = files;
    if (path !== null) files.push(`${added ?? '-'} ${removed ?? '-'} ${path}`);
  }
  for (const files of Object.values(rows)) files.sort();
  return rows;
}

/** The same, as `git log --numstat` of all refs has it. */
export function rowsOfGit(gitDir: string, config: readonly string[] = []): Rows {
  const args = ['-c', 'core.bigFileThreshold=524288', ...config, `--git-dir=${gitDir}`];
  const { stdout, status } = spawnSync(
    'git',
    [...args, 'log', '--all', '--numstat', '-z', '--format=%x01%H%x02'],
    { env: { ...authoringEnvironment(), GIT_NO_REPLACE_OBJECTS: '1' }, maxBuffer: 2 ** 30 },
  );
  if (status !== 0) throw new Error(`git log ended with ${status}`);
  const rows: Record<string, string[]> = {};
  for (const commit of stdout.toString('latin1').split('\x01').slice(1)) {
    const [hash = '', rest = ''] = [
      commit.slice(0, commit.indexOf('\x02')),
      commit.slice(commit.indexOf('\x02') + 1),
    ];
    const tokens = rest
      .replace(/^\0?\n?/, '')
      .split('\0')
      .filter((token, index, all) => token !== '' || index < all.length - 1);
    const files: string[] = [];
    for (let at = 0; at < tokens.length; at += 1) {
      const [added, removed, path = ''] = (tokens[at] ?? '').split(/\t(.*?)\t(.*)/s);
      if (added === '' || added === undefined) continue;
      // A renamed file's old and new path follow.
      if (path === '') at += 2;
      const name = path === '' ? (tokens[at] ?? '') : path;
      files.push(`${added} ${removed} ${storedPath(name)}`);
    }
    rows[hash] = files.sort();
  }
  return rows;
}

/** What the roll-ups say, and the same counted from the commits: the two must be equal. */
export async function rollUps({
  store,
}: Bench): Promise<{ readonly kept: unknown; readonly counted: unknown }> {
  const rolled = (table: string, keys: string): unknown =>
    queryRows(store, `SELECT ${keys}, commits, merges, files, added, removed FROM ${table} ORDER BY ${keys}`);
  const count = (keys: string): unknown =>
    queryRows(
      store,
      `SELECT ${keys.replace('day', 'committed_at / 86400 AS day')}, count(*) AS commits, sum(parent_count > 1) AS merges,
              total(files) AS files, total(added) AS added, total(removed) AS removed
         FROM commits LEFT JOIN commit_churn ON commit_id = id GROUP BY ${keys.replace('day', 'committed_at / 86400')}
        ORDER BY ${keys}`,
    );
  const byAuthor = 'repository_id, author_id, day';
  const byDay = 'repository_id, day';
  return {
    kept: [
      rolled('author_days', byAuthor),
      rolled('repository_days', byDay),
      queryRows(store, 'SELECT id, changes FROM paths WHERE changes > 0 ORDER BY id'),
      queryRows(store, 'SELECT sum(commits) AS commits FROM repository_hours'),
    ],
    counted: [
      count(byAuthor),
      count(byDay),
      queryRows(
        store,
        'SELECT path_id AS id, count(*) AS changes FROM file_changes GROUP BY path_id ORDER BY path_id',
      ),
      queryRows(store, 'SELECT nullif(count(*), 0) AS commits FROM commits'),
    ],
  };
}
