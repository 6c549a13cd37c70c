import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { ingestHistory } from '../../../src/gather/repos/history/ingest.ts';
import type { StoreFixture } from '../../suites/store-fixture.ts';
import { GitFixture } from '../../support/git-fixture.ts';
import { temporaryDirectory } from '../../support/git-repositories.ts';
import { sharedPostgresStore } from '../../support/postgres/postgres-store.ts';
import { openTestStore } from '../../support/sqlite-store.ts';

const open = await sharedPostgresStore();

/** Commits of more than one transaction: long and short, in many letters, with trailers, by people who come again. */
function messageOf(index: number): string {
  const body = index % 5 === 0 ? '' : `\n\n${'Weil es so ist, 因为 🌍 . '.repeat(1 + (index % 40))}`;
  const trailers =
    index % 3 === 0 ? '' : `\n\nReviewed-by: Q${index % 5} <q@x>\nCo-authored-by: Ü${index % 9} <u@x>`;
  return `Änderung ${index}${body}${trailers}\n`;
}

const QUESTIONS = [
  `SELECT c.id, lower(hex(c.hash)) AS hash, c.subject, m.message, m.trailers, a.name AS author, c.committed_at
     FROM commits c JOIN identities a ON a.id = c.author_id LEFT JOIN commit_messages m ON m.commit_id = c.id ORDER BY c.id`,
  `SELECT c.commit_id, i.name FROM co_authors c JOIN identities i ON i.id = c.identity_id ORDER BY 1, 2`,
  `SELECT i.name, i.email, i.commits, p.name AS person FROM identities i JOIN people p ON p.id = i.person_id ORDER BY 1, 2`,
  `SELECT i.name, d.day, d.commits, d.merges FROM author_days d JOIN identities i ON i.id = d.author_id ORDER BY 1, 2`,
  'SELECT day, commits, merges FROM repository_days ORDER BY day',
  'SELECT four_weeks, hour_of_week, commits FROM repository_hours ORDER BY 1, 2',
];

/** What is stored of a history. Postgres has a sign where there was a NUL. */
async function rowsOf({ query }: StoreFixture): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const sql of QUESTIONS) answers.push(await query(sql));
  return JSON.parse(JSON.stringify(answers).replaceAll('\\u0000', '\u2400')) as unknown[];
}

for (const [what, special] of [
  ['as it mostly is', {}],
  ['with a NUL in a message', { 4500: 'subject\n\nbefore\0after\n' }],
  [
    'with a message larger than what goes between threads at once',
    { 4500: `subject\n\n${'x'.repeat(600_000)}\n` },
  ],
] as const) {
  test(`a history of thousands of commits, ${what}, is the same on Postgres as on SQLite (R-21)`, async t => {
    const git = new GitFixture(join(temporaryDirectory(t), 'a.git'));
    const shapes = Array.from({ length: 6000 }, (_, index) => ({
      parents: index === 0 ? [] : [index - 1],
      author: `P${index % 70} <p${index % 70}@x> ${1_600_000_000 + index * 900} +0100`,
      message: (special as Record<number, string>)[index] ?? messageOf(index),
    }));
    const tips = new Map([['refs/heads/main', git.commits(shapes).at(-1) ?? '']]);
    git.setRefs(tips);
    const stored = async (fixture: StoreFixture): Promise<unknown> => {
      const { store } = fixture;
      const { id } = await store.repositories.ensure('/one', 'local');
      const writer = store.history(id);
      const { totals } = await ingestHistory({ gitDir: git.gitDir, writer, tips, clock: systemClock });
      return { totals, rows: await rowsOf(fixture) };
    };
    assert.deepEqual(await stored(await open(t)), await stored(await openTestStore(t)));
  });
}
