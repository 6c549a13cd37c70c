import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { activityByPeriod } from '../../../src/insights/activity.ts';
import { punchCard } from '../../../src/insights/punch-card.ts';
import { sql as repositories } from '../../../src/keep/sqlite/migrations/0001-repositories.ts';
import { sql as schedule } from '../../../src/keep/sqlite/migrations/0002-schedule.ts';
import { sql as journal } from '../../../src/keep/sqlite/migrations/0003-journal.ts';
import { sql as cache } from '../../../src/keep/sqlite/migrations/0004-cache.ts';
import { sql as tracking } from '../../../src/keep/sqlite/migrations/0005-tracking.ts';
import { openStore } from '../../../src/keep/sqlite/open-store.ts';
import { temporaryDirectory } from '../../support/git-repositories.ts';

test('a database from before has its roll-ups and people after the migration (S-28)', async t => {
  const path = join(temporaryDirectory(t, 'sluice-upgrade'), 'old.db');
  const old = new DatabaseSync(path);
  for (const sql of [repositories, schedule, journal, cache, tracking]) old.exec(sql);
  old.exec(`INSERT INTO repositories (id, url, host, unsettled_from) VALUES (1, '/one', 'local', 4);
    INSERT INTO identities (id, repository_id, name, email, mapped_name, mapped_email, commits)
    VALUES (1, 1, 'a', 'a@x', 'Ada', 'ada@x', 2), (2, 1, 'bot', 'b@x', 'bot', 'b@x', 1);`);
  const insert =
    old.prepare(`INSERT INTO commits (id, repository_id, hash, author_id, authored_at, authored_zone,
    committer_id, committed_at, committed_zone, parent_count, parents, signed, subject)
    VALUES (?, 1, ?, ?, ?, 60, 1, ?, 60, ?, x'', 0, '')`);
  const commits = [
    [1, 1, 86_400, 1],
    [2, 1, 90_000, 2],
    [3, 2, 86_400, 1],
    // Not settled yet: counted when it is.
    [4, 1, 86_400, 1],
  ] as const;
  for (const [id, author, at, parents] of commits)
    insert.run(id, Buffer.alloc(20, id), author, at, at, parents);
  old.exec('PRAGMA user_version = 5; PRAGMA application_id = 0x736c7569');
  old.close();
  const store = await openStore(path, { clock: systemClock });
  t.after(() => store.close());
  const { questions } = store;
  const scope = { repositoryIds: [1] };
  const [day] = activityByPeriod(await questions.activityByDay(scope), 'day');
  assert.deepEqual([day?.start, day?.commits, day?.merges], [86_400, 3, 1]);
  const people = await questions.topAuthors({ ...scope, withoutBots: true }, 5);
  assert.deepEqual(
    people.map(({ name, commits: count }) => [name, count]),
    [['Ada', 2]],
  );
  // Friday, 2 January 1970, one o'clock in a zone one hour east.
  const card = punchCard(await questions.commitsByHourOfWeek(scope));
  assert.deepEqual(
    card.find(({ commits: count }) => count > 0),
    { weekday: 5, hour: 1, commits: 2 },
  );
});

test('commits that are settled after the migration are counted once (S-28)', async t => {
  const path = join(temporaryDirectory(t, 'sluice-upgrade'), 'sluice.db');
  const store = await openStore(path, { clock: systemClock });
  t.after(() => store.close());
  const { id } = await store.repositories.ensure('/one', 'local');
  const who = { name: 'Ada', email: 'ada@x' };
  const row = (hash: string) => ({
    ...{ hash, parents: [], author: who, committer: who, subject: '', signed: false, coAuthors: [] },
    ...{ authoredAt: 1, authoredZone: 0, committedAt: 1, committedZone: 0 },
  });
  const first = store.history(id);
  await first.begin(new Map());
  await first.append([row('a'.repeat(40))], 1);
  // Another writer, as after an interruption, settles what the first one left.
  const second = store.history(id);
  await second.append([row('a'.repeat(40)), row('b'.repeat(40))], 2);
  await second.finish(0);
  const commits = async (): Promise<unknown> =>
    (await store.questions.activityByDay({ repositoryIds: [id] }))[0]?.commits;
  assert.equal(await commits(), 2);
  await second.remove(['a'.repeat(40)]);
  assert.equal(await commits(), 1);
});
