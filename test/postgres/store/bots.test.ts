import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { openPostgresStore } from '../../../src/keep/postgres/open-store.ts';
import { testAddress } from '../../support/postgres/postgres.ts';

/** What may stand where a pattern has a percent sign, or beside a name that has none. */
const FILLS = ['', 'x', 'İ', '%', '\n'];

/** Names that patterns are meant for, and others that are almost theirs: other letters, signs of LIKE, other folding. */
function namesAround(pattern: string): string[] {
  return FILLS.flatMap(fill => {
    const name = pattern.replaceAll('%', fill);
    return [
      ...[name, name.toUpperCase(), `${name[0]?.toUpperCase()}${name.slice(1)}`],
      ...[`${fill}${name}`, `${name}${fill}`, `${name}y`, `y${name}`, name.slice(1), name.slice(0, -1)],
      ...[name.replace('k', '\u212a'), name.replace('s', '\u017f'), name.replace('-', '_'), `\\${name}`],
    ];
  });
}

test('who is taken for a program is the same on Postgres as on SQLite, whatever the name is (R-27)', async t => {
  const { url } = await testAddress();
  const store = await openPostgresStore({ url, clock: systemClock, env: {} });
  t.after(() => store.close());
  const patterns = (await store.database.query('SELECT pattern FROM bot_patterns')).map(row =>
    String(row.pattern),
  );
  const names = [...new Set(['', 'Ada', 'Abbot', 'Ada Bothwell', ...patterns.flatMap(namesAround)])];
  const rows = await store.database.query(
    `SELECT is_bot(name, 'a@example.org') AS by_name, is_bot('Ada', name) AS by_email
       FROM unnest($1::text[]) WITH ORDINALITY AS given (name, at) ORDER BY at`,
    [names],
  );
  const sqlite = new DatabaseSync(':memory:');
  t.after(() => sqlite.close());
  sqlite.exec('CREATE TABLE bot_patterns (pattern TEXT)');
  for (const pattern of patterns) sqlite.prepare('INSERT INTO bot_patterns VALUES (?)').run(pattern);
  const like = sqlite.prepare('SELECT EXISTS (SELECT 1 FROM bot_patterns WHERE ? LIKE pattern) AS is_bot');
  const expected = names.map(name => Number(like.get(name)?.is_bot));
  const differing = names.filter(
    (_, at) => rows[at]?.by_name !== expected[at] || rows[at]?.by_email !== expected[at],
  );
  assert.deepEqual(differing, []);
  const bots = expected.filter(bot => bot === 1).length;
  assert.ok(bots > 100 && bots < names.length - 100, `${bots} of ${names.length}`);
});
