import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../../src/base/clock.ts';
import type { Database } from '../../../src/keep/sqlite/database.ts';
import { openStore } from '../../../src/keep/sqlite/open-store.ts';
import { rollUp } from '../../../src/keep/sqlite/store/history/roll-ups.ts';
import type { CommitRow } from '../../../src/keep/store/types.ts';

const LATEST_SECOND = 253_402_300_799;
const TABLES = ['author_days', 'repository_days', 'repository_hours'];

test('commits counted while they are stored are rolled up as their rows would be, odd dates and zones too (R-25, R-32)', async t => {
  const store = await openStore(':memory:', { clock: systemClock });
  t.after(() => store.close());
  const people = ['Ada', 'Bo', 'Cy'].map(name => ({ name, email: `${name}@x` }));
  const second = fc.oneof(
    fc.integer({ min: 0, max: 4 * 86_400 }),
    fc.integer({ min: 0, max: LATEST_SECOND }),
    fc.constant(LATEST_SECOND),
  );
  const commit = fc.record({
    author: fc.constantFrom(...people),
    authoredAt: second,
    authoredZone: fc.integer({ min: -1440, max: 1440 }),
    committedAt: second,
    merge: fc.boolean(),
  });
  let repositories = 0;
  let hashes = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(commit, { minLength: 1, maxLength: 60 }), async commits => {
      repositories += 1;
      const { id } = await store.repositories.ensure(`/${repositories}`, 'local');
      const rows = commits.map(({ merge, ...fields }): CommitRow => {
        hashes += 1;
        const hash = hashes.toString(16).padStart(40, '0');
        return {
          ...fields,
          ...{ hash, parents: merge ? [hash, hash] : [], committer: fields.author, committedZone: 0 },
          ...{ subject: '', signed: false, coAuthors: [] },
        };
      });
      const writer = store.history(id);
      await writer.begin(new Map([['refs/heads/main', '1'.repeat(40)]]));
      await writer.append(rows, rows.length);
      await writer.finish(0);
      const counted = rolledUp(store.database, id);
      await store.database.write(() => {
        for (const table of TABLES)
          store.database.statement(`DELETE FROM ${table} WHERE repository_id = ?`).run(id);
        rollUp(store.database, id, 0);
      });
      assert.ok(counted.every(table => table.length > 0));
      assert.deepEqual(counted, rolledUp(store.database, id));
    }),
    { numRuns: 50 },
  );
});

function rolledUp(database: Database, repositoryId: number): Record<string, unknown>[][] {
  return TABLES.map(table =>
    database.statement(`SELECT * FROM ${table} WHERE repository_id = ? ORDER BY 1, 2, 3`).all(repositoryId),
  );
}
