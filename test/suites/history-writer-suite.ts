import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { HistoryWriter } from '../../src/keep/store/history.ts';
import type { CommitRow, PersonIdentity } from '../../src/keep/store/types.ts';
import type { OpenStore, StoreFixture } from './store-fixture.ts';

const ada: PersonIdentity = { name: 'Ada', email: 'ada@example.org' };
const bob: PersonIdentity = { name: 'Bob', email: 'bob@example.org' };

export function idOf(name: string | number): string {
  return createHash('sha1').update(String(name)).digest('hex');
}

export function commitOf(name: string | number, change: Partial<CommitRow> = {}): CommitRow {
  return {
    hash: idOf(name),
    parents: [],
    author: ada,
    authoredAt: 1_700_000_000,
    authoredZone: 60,
    committer: ada,
    committedAt: 1_700_000_000,
    committedZone: 60,
    subject: `commit ${name}`,
    signed: false,
    coAuthors: [],
    ...change,
  };
}

const tips = new Map([['refs/heads/main', idOf('tip')]]);

async function pendingOf(writer: HistoryWriter) {
  const pending = await writer.pending();
  return pending && { ...pending, tips: new Map(pending.tips) };
}

async function rowsOf(query: StoreFixture['query'], repositoryId: number): Promise<unknown[]> {
  return query(
    `SELECT lower(hex(c.hash)) AS hash, c.subject, a.name AS author, b.name AS committer, c.parent_count,
            lower(hex(c.parents)) AS parents, c.signed, c.authored_at, c.authored_zone
     FROM commits c JOIN identities a ON a.id = c.author_id JOIN identities b ON b.id = c.committer_id
     WHERE c.repository_id = ? ORDER BY c.subject`,
    repositoryId,
  );
}

/** What every implementation of `HistoryWriter` does. */
export function historyWriterSuite(name: string, open: OpenStore): void {
  const start = async (t: TestContext) => {
    const opened = await open(t);
    const { id } = await opened.store.repositories.ensure('https://example.org/a', 'example.org');
    return { ...opened, id, writer: opened.store.history(id) };
  };

  test(`${name}: a commit is stored with all that it carries (R-21)`, async t => {
    const { query, id, writer } = await start(t);
    await writer.begin(tips);
    const parents = [idOf('p1'), idOf('p2'), idOf('p3')];
    const row = commitOf('x', {
      author: bob,
      parents,
      signed: true,
      coAuthors: [ada, bob],
      subject: 'Grüße 🎉',
    });
    assert.equal(await writer.append([row], 1), 1);
    assert.deepEqual(await rowsOf(query, id), [
      {
        hash: row.hash,
        subject: 'Grüße 🎉',
        author: 'Bob',
        committer: 'Ada',
        parent_count: 3,
        parents: parents.join(''),
        signed: 1,
        authored_at: 1_700_000_000,
        authored_zone: 60,
      },
    ]);
    const coAuthors = await query(
      'SELECT i.name FROM co_authors c JOIN identities i ON i.id = c.identity_id ORDER BY i.name',
    );
    assert.deepEqual(
      coAuthors.map(found => found.name),
      ['Ada', 'Bob'],
    );
  });

  test(`${name}: a commit is stored once, whatever is repeated (R-24)`, async t => {
    const { writer } = await start(t);
    const rows = Array.from({ length: 30 }, (_, index) => commitOf(index));
    await writer.begin(tips);
    await writer.append(rows.slice(0, 20), 20);
    await writer.append(rows.slice(10), 20);
    assert.equal(await writer.count(), 30);
    assert.equal(await writer.append(rows, 0), 0);
    await writer.begin(tips);
    assert.equal(await writer.append([...rows, commitOf('new')], 31), 1);
    const totals = await writer.finish(5);
    assert.equal(totals.commits, 31);
    assert.equal(await writer.count(), 31);
  });

  test(`${name}: where a walk stopped outlives the connection, rows and position together (R-24)`, async t => {
    const { id, writer, reopen } = await start(t);
    assert.equal(await writer.pending(), undefined);
    await writer.begin(tips);
    await writer.append([commitOf(1), commitOf(2)], 2);
    const other = (await reopen()).history(id);
    assert.deepEqual(await pendingOf(other), { tips, processed: 2 });
    assert.equal((await other.cursor()).size, 0);
    assert.equal(await other.append([commitOf(2), commitOf(3)], 2), 1);
    assert.deepEqual(await pendingOf(other), { tips, processed: 4 });
    await other.finish(7);
    assert.equal(await other.pending(), undefined);
    assert.deepEqual(new Map(await other.cursor()), tips);
    assert.equal(await other.count(), 3);
  });

  test(`${name}: a batch that fails leaves nothing behind, and the next one is stored (R-24)`, async t => {
    const { writer } = await start(t);
    await writer.begin(tips);
    const broken = commitOf('broken', { author: bob, subject: null as unknown as string });
    await assert.rejects(writer.append([commitOf(1), broken], 2));
    assert.equal(await writer.count(), 0);
    assert.deepEqual(await pendingOf(writer), { tips, processed: 0 });
    await writer.append([commitOf(1), commitOf(2, { author: bob })], 2);
    const totals = await writer.finish(1);
    assert.deepEqual([totals.commits, totals.authors], [2, 2]);
  });

  test(`${name}: dates that cannot be are not the first or last ones, unless there are no others (R-112)`, async t => {
    const { writer } = await start(t);
    const nowMs = 1_700_000_000_000;
    const at = (name: number, committedAt: number) => commitOf(name, { committedAt });
    const dates = async () => {
      const { firstCommitAt, lastCommitAt } = await writer.finish(nowMs);
      return [firstCommitAt, lastCommitAt];
    };
    await writer.append([at(1, 0), at(2, 253_402_300_799)], 2);
    assert.deepEqual(await dates(), [0, 253_402_300_799]);
    await writer.append([at(3, 1_500_000_000), at(4, 1_700_050_000)], 2);
    assert.deepEqual(await dates(), [1_500_000_000, 1_700_050_000]);
  });

  test(`${name}: removed commits are gone from rows and totals; unknown ones are passed over (R-23)`, async t => {
    const { query, id, writer } = await start(t);
    await writer.begin(tips);
    await writer.append([commitOf(1), commitOf(2, { author: bob, coAuthors: [ada] })], 2);
    assert.equal(await writer.remove([idOf(2), idOf('unknown')]), 1);
    assert.equal(await writer.remove([idOf(2)]), 0);
    assert.deepEqual(await writer.finish(1), {
      commits: 1,
      authors: 1,
      firstCommitAt: 1_700_000_000,
      lastCommitAt: 1_700_000_000,
    });
    assert.equal((await rowsOf(query, id)).length, 1);
    assert.deepEqual(await query('SELECT * FROM co_authors'), []);
  });

  test(`${name}: totals are those of the repository, and hashes come in order`, async t => {
    const { store, id, writer } = await start(t);
    const other = await store.repositories.ensure('https://example.org/b', 'example.org');
    const second = store.history(other.id);
    await writer.begin(tips);
    await second.begin(tips);
    const times = [5, 1_900_000_000, 7];
    for (const [index, committedAt] of times.entries()) {
      await writer.append([commitOf(index, { committedAt })], 1);
      await second.append([commitOf(index, { committedAt: 100 }), commitOf(`b${index}`, { author: bob })], 2);
    }
    const totals = { commits: 3, authors: 1, firstCommitAt: 5, lastCommitAt: 1_900_000_000 };
    assert.deepEqual(await writer.finish(1234), totals);
    assert.equal((await second.finish(1)).commits, 6);
    const repository = await store.repositories.byId(id);
    assert.deepEqual([repository?.totals, repository?.lastBakedAtMs], [totals, 1234]);
    const hashes = await Array.fromAsync(writer.hashes());
    assert.deepEqual(hashes, [0, 1, 2].map(idOf).sort());
  });

  test(`${name}: many thousand commits, other repositories writing in between`, async t => {
    const { store, writer } = await start(t);
    const other = store.history((await store.repositories.ensure('https://example.org/b', 'example.org')).id);
    await writer.begin(tips);
    await other.begin(tips);
    const batches = 40;
    for (let batch = 0; batch < batches; batch += 1) {
      const rows = Array.from({ length: 500 }, (_, index) => commitOf(batch * 500 + index));
      await writer.append(rows, 500);
      await other.append([rows[0] ?? commitOf(0)], 1);
    }
    assert.equal((await writer.finish(1)).commits, batches * 500);
    assert.equal((await other.finish(1)).commits, batches);
    let counted = 0;
    for await (const hash of writer.hashes()) if (hash.length === 40) counted += 1;
    assert.equal(counted, batches * 500);
    assert.equal(await writer.remove(Array.from({ length: 3000 }, (_, index) => idOf(index))), 3000);
    assert.equal(await writer.count(), batches * 500 - 3000);
  });

  test(`${name}: a mailmap merges people without touching commits, and can be taken back (R-26)`, async t => {
    const { writer } = await start(t);
    const alias: PersonIdentity = { name: 'A.', email: 'a@old.example' };
    await writer.begin(tips);
    await writer.append([commitOf(1), commitOf(2, { author: alias }), commitOf(3, { author: bob })], 3);
    assert.equal((await writer.finish(1)).authors, 3);
    const unmapped = await writer.unmapped('one');
    assert.deepEqual(unmapped.map(person => person.name).sort(), ['A.', 'Ada', 'Bob']);
    const to = (from: PersonIdentity) => ({ from, to: from.name === 'A.' ? ada : from });
    assert.equal((await writer.map('one', unmapped.map(to))).authors, 2);
    assert.deepEqual(await writer.unmapped('one'), []);
    const same = await writer.unmapped('');
    assert.equal(
      (
        await writer.map(
          '',
          same.map(from => ({ from, to: from })),
        )
      ).authors,
      3,
    );
  });

  test(`${name}: finishing without a walk keeps the cursor`, async t => {
    const { writer } = await start(t);
    await writer.begin(tips);
    await writer.append([commitOf(1)], 1);
    await writer.finish(1);
    assert.equal((await writer.finish(2)).commits, 1);
    assert.deepEqual(new Map(await writer.cursor()), tips);
    await writer.begin(new Map());
    await writer.finish(3);
    assert.equal((await writer.cursor()).size, 0);
  });
}
