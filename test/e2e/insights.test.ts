import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { systemClock } from '../../src/base/clock.ts';
import { openStore } from '../../src/keep/sqlite/open-store.ts';
import { grownRepository, sluice, standingPlace, startStation, until } from '../support/sluice.ts';

test('sluice bake --churn, insights in every format and by path, people merged: from the command line (R-22, R-26, R-33, R-123)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'origin.git'), 12, 3);
  origin.commit('a change', { 'odd, "name"': 'one\ntwo\n' });
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await sluice(t, args, { cwd });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const said = async (): Promise<string> => (await sluice(t, ['insights', 'hotspots'], { cwd })).stderr;
  await run('bake', origin.path);
  assert.match(
    await said(),
    /nothing of \S+origin.git has been read, since churn is off for it: "sluice bake --churn/,
  );
  await run('bake', origin.path, '--churn');
  assert.equal(await said(), '');
  const spots = await run('insights', 'hotspots', '--repo', origin.path, '--json');
  const { path, changes, people, added, removed } = JSON.parse(spots);
  assert.deepEqual([path, changes, people, added, removed], ['odd, "name"', 1, 1, 2, 0]);
  assert.match(
    await run('insights', 'hotspots', '--format', 'csv'),
    /\r\n"odd, ""name""",1,1,2,0,2023-11-14,/,
  );
  assert.match(await run('insights', 'authors'), /^name +email +commits/);
  await run('insights', 'commits', '--by', 'day', '--format', 'parquet', '--output', 'commits.parquet');
  const bytes = readFileSync(join(cwd, 'commits.parquet'));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  assert.deepEqual(await parquetReadObjects({ file }), [
    { start: new Date('2023-11-14'), commits: 12n },
    { start: new Date('2023-11-15'), commits: 1n },
  ]);
  const byPath = await run('insights', 'authors', '--path', '*"name"', '--json');
  assert.deepEqual(
    byPath
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).commits),
    [1],
  );
  await run('people', 'merge', 'author0@example.org', 'author1@example.org');
  assert.match(
    await run('people', 'ls', '--search', 'author1'),
    /8 {2}Author 0 <author0@example.org>, also author1@/,
  );
  await run('people', 'split', 'author1@example.org');
  assert.equal((await run('people', 'ls', '--json')).trim().split('\n').length, 4);
  origin.commit('another change', { file: 'three\n' });
  await run('bake', origin.path);
  assert.match(await said(), /not all of \S+origin.git has been read/);
  const { code, stderr: words } = await sluice(t, ['insights', 'commits', '--path', 'nowhere/**'], { cwd });
  assert.equal(code, 0);
  assert.match(
    words,
    /^Needs churn: not all of \S+origin.git has been read, since churn is off for it: "sluice bake/,
  );
  assert.match(
    words,
    /\nNo file whose changes have been read is meant by nowhere\/\*\*; a name means files and/,
  );
  for (const [glob, why] of [
    ['./src', /--path "\.\/src" is a path with "\." or "\.\."; begin at the top of the repository/],
    ['!src', /what to leave out cannot be said/],
    ['*.{ts,js}', /has braces, which mean themselves; write one pattern for each/],
  ] as const) {
    const refused = await sluice(t, ['insights', 'churn', '--path', glob], { cwd });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, why);
  }
  writeFileSync(join(cwd, 'sluice.yaml'), 'insights: {churn: true}\n');
  assert.match(await said(), /not all of \S+origin.git has been read yet; a running station goes on/);
  const wrong = await sluice(t, ['insights', 'authors', '--since', '2026-02-30'], { cwd });
  assert.deepEqual([wrong.code, /--since takes a day/.test(wrong.stderr)], [2, true]);
});

test('insights over one or several repositories, without programs and by path, and people over the API (R-27, R-32, R-123)', async t => {
  const cwd = standingPlace(t);
  const one = grownRepository(join(cwd, 'one.git'), 4, 2);
  const other = grownRepository(join(cwd, 'other.git'), 3, 3);
  const station = await startStation(t, { cwd, yaml: `repos: [${one.path}, ${other.path}]\n` });
  const ask = async (path: string, body?: unknown): Promise<Record<string, Record<string, unknown>[]>> =>
    (await station.ask(path, body)).body as never;
  const count = async (query: string): Promise<unknown[]> =>
    ((await ask(`/api/v1/insights/authors?${query}`)).authors ?? []).map(({ commits }) => commits);
  await until('both are baked', async () => (await count('')).join() === '3,3,1');
  assert.deepEqual(await count(`repo=${one.path}`), [2, 2]);
  assert.deepEqual(await count(`repo=${one.path}&repo=${other.path}&limit=2`), [3, 3]);
  await ask('/api/v1/people/bot', { email: 'author0@example.org', bot: true });
  assert.deepEqual(await count('bots=exclude'), [3, 1]);
  await ask('/api/v1/people/merge', { emails: ['author1@example.org', 'author2@example.org'] });
  assert.deepEqual(await count('bots=exclude'), [4]);
  for (const name of [
    'commits',
    'churn',
    'contributors',
    'bus-factor',
    'hotspots',
    'last-commit',
    'merge-share',
    'punch-card',
  ]) {
    assert.equal(
      (await station.ask(`/api/v1/insights/${name}?since=2023-01-01&until=2024-01-01`)).status,
      200,
      name,
    );
  }
  const { unread } = await ask(`/api/v1/insights/hotspots?repo=${one.path}`);
  assert.deepEqual(unread, [{ repository: one.path, state: 'none' }]);
  const some = await ask(`/api/v1/insights/commits?repo=${one.path}&path=src/**&path=*.sql`);
  assert.deepEqual(some, { by: 'week', periods: [], unread, pathCount: 0 });
  assert.equal((await station.ask('/api/v1/insights/commits?path=../src')).status, 400);
  assert.equal((await station.ask('/api/v1/insights/commits?since=yesterday')).status, 400);
});

test('sluice insights changesets: percentiles in a table or CSV, the whole report as JSON (C-24)', async t => {
  const cwd = standingPlace(t);
  // Merged two days after it was opened, reviewed after six hours.
  const hourMs = 3_600_000;
  await (await openStore(join(cwd, 'sluice.db'), { clock: systemClock })).close();
  const database = new DatabaseSync(join(cwd, 'sluice.db'));
  const openedMs = Date.now() - 5 * 24 * hourMs;
  database
    .prepare(
      `INSERT INTO changesets (id, host, repository, number, target_key, url, followed_by, state, author, created_at_ms,
         merged_at_ms, closed_at_ms, updated_at_ms, additions, deletions, first_seen_at_ms)
       VALUES (1, 'github.com', 'o/n', 7, 'changeset:github.com/o/n#7', 'https://github.com/o/n/pull/7', 'hand', 'merged', 'ann',
         ?1, ?2, ?2, ?2, 10, 5, ?1)`,
    )
    .run(openedMs, openedMs + 48 * hourMs);
  database
    .prepare(
      `INSERT INTO changeset_events (changeset_id, host_id, kind, host_kind, at_ms, place, actor, review)
       VALUES (1, 'review:1', 'review', 'PullRequestReview', ?, 0, 'bob', 'approved')`,
    )
    .run(openedMs + 6 * hourMs);
  database.close();
  const csv = await sluice(t, ['insights', 'changesets', '--repo', 'o/n', '--format', 'csv'], { cwd });
  assert.match(csv.stdout, /^measure,count,p50,p75,p90\r\n"time to first review, hours",1,6,6,6\r\n/);
  assert.match(csv.stdout, /\r\n"cycle time, hours",1,48,48,48\r\n/);
  const json = await sluice(t, ['insights', 'changesets', '--json'], { cwd });
  assert.equal(JSON.parse(json.stdout).cycleMs.p50, 48 * hourMs);
});

test('sluice people suggestions: who may be one person, merged or refused from the command line (W-54)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'origin.git'), 12, 3);
  const author = 'AUTHOR  0 <other@example.org> 1700000000 +0000';
  origin.fastImport(
    `commit refs/heads/more\nauthor ${author}\ncommitter ${author}\ndata 4\nmore\nfrom refs/heads/main\n`,
  );
  const run = (...args: string[]) => sluice(t, args, { cwd });
  await run('bake', origin.path);
  const { stdout, code } = await run('people', 'suggestions');
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^one name, written alike\n +4 {2}Author 0 <author0@example\.org>\n +1 {2}AUTHOR {2}0 <other@example\.org>\n {2}sluice people merge author0@example\.org other@example\.org\n/,
  );
  const [json = ''] = (await run('people', 'suggestions', '--json')).stdout.split('\n');
  assert.deepEqual(JSON.parse(json).emails, ['author0@example.org', 'other@example.org']);
  const nobody = 'nobody seems to be somebody else\n';
  const both = ['author0@example.org', 'OTHER@example.org'];
  assert.match((await run('people', 'refuse', ...both)).stdout, /^not suggested again: Author 0 /);
  assert.equal((await run('people', 'suggestions')).stdout, nobody);
  assert.match((await run('people', 'refuse', '--undo', ...both)).stdout, /^suggested again: Author 0 /);
  assert.equal((await run('people', 'suggestions')).stdout, stdout);
  const alone = await run('people', 'refuse', 'author0@example.org');
  assert.deepEqual([alone.code, /fewer than two people/.test(alone.stderr)], [1, true]);
  await run('people', 'merge', ...both);
  assert.equal((await run('people', 'suggestions')).stdout, nobody);
});
