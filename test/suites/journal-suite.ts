import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { EnteringFile, FileRecord, RecordChange } from '../../src/keep/local/journal.ts';
import type { LocalStore } from '../../src/keep/local/local-store.ts';
import { BentClock } from '../support/bent-clock.ts';

/** A local store of its own for a test. Opening a part of it again gives another connection. */
export type OpenLocal = (t: TestContext, clock: Clock) => Promise<LocalStore>;

const file = (filepath: string, more: Partial<EnteringFile> = {}): EnteringFile => ({
  ...{ profile: 'p', bucket: 'b', filepath, size: 1, mtimeMs: 1, inode: 1, state: 'incoming' },
  ...{ fileCreationDate: '2026-01-01T00:00:00.000Z', nextAttemptAtMs: 1, hold: null },
  ...more,
});

/** The contract of `Journal`. */
export function journalSuite(name: string, open: OpenLocal): void {
  const start = async (t: TestContext, clock: Clock = systemClock) => {
    const local = await open(t, clock);
    const journal = await local.openJournal();
    t.after(() => journal.close());
    return { local, journal };
  };

  test(`${name}: one record while a file is under way, another when the same enters again (D-44)`, async t => {
    const { journal } = await start(t);
    const first = await journal.enter(file('a'));
    assert.equal((await journal.enter(file('a'))).id, first.id);
    await journal.change(first.id, { state: 'processing' });
    const second = await journal.enter(file('a'));
    assert.notEqual(second.id, first.id);
    await journal.change(first.id, { state: 'completed' });
    await journal.change(second.id, { state: 'processing' });
    await journal.change(second.id, { state: 'completed' });
    assert.notEqual((await journal.enter(file('a'))).id, second.id);
  });

  test(`${name}: a file outside the spool enters with its key, so that whoever takes it at once delivers it there (D-21)`, async t => {
    const { journal } = await start(t);
    const where = { source: '/folder/a', objectKey: 'reports/a' };
    await journal.enter(file('a', where));
    const [due] = journal.due('p', 1, 1);
    assert.deepEqual([due?.source, due?.objectKey], ['/folder/a', 'reports/a']);
  });

  test(`${name}: a file that a copy announced keeps its record; one that it replaced in incoming is reported (D-44)`, async t => {
    const { journal } = await start(t);
    const older = await journal.enter(file('a', { fileCreationDate: '2025-01-01T00:00:00.000Z' }));
    const announced = await journal.enter(file('a', { state: 'incoming_tmp' }));
    assert.equal((await journal.enter(file('a'))).id, announced.id);
    assert.equal(journal.byId(older.id)?.state, 'failed');
    assert.equal(journal.byId(older.id)?.errorCode, 'superseded');
    assert.equal(await journal.changeIf(announced.id, 'incoming_tmp', { state: 'incoming' }), false);
  });

  test(`${name}: an announcement is taken back, and nothing else is (D-187)`, async t => {
    const { journal } = await start(t);
    const announced = await journal.enter(file('a', { state: 'incoming_tmp', copied: true, adopts: true }));
    const there = await journal.enter(file('b'));
    assert.deepEqual([await journal.withdraw(announced.id), await journal.withdraw(there.id)], [true, false]);
    assert.equal(journal.byId(announced.id), undefined);
    assert.equal(journal.byId(there.id)?.state, 'incoming');
    assert.equal(await journal.withdraw(announced.id), false);
  });

  test(`${name}: what waited last with a key, and with no other one (D-321)`, async t => {
    const { journal } = await start(t);
    const wait = async (name: string, change: RecordChange): Promise<number> => {
      const { id } = await journal.enter(file(name));
      await journal.change(id, change);
      return id;
    };
    await wait('done', { state: 'completed', errorAnswer: 'hold', keyMark: 'mark' });
    await wait('refused', { errorAnswer: 'give-up', keyMark: 'mark' });
    await wait('other', { errorAnswer: 'hold', keyMark: 'other' });
    assert.equal(journal.waitingForKey('p', 'mark'), undefined);
    const id = await wait('waits', { state: 'processing', errorAnswer: 'hold', keyMark: 'mark' });
    assert.equal(journal.waitingForKey('p', 'mark')?.id, id);
    assert.equal(journal.waitingForKey('q', 'mark'), undefined);
  });

  test(`${name}: a record follows a file that was renamed, and is not said to be gone under its old name (D-168)`, async t => {
    const { journal } = await start(t);
    const identity = { size: 5, mtimeMs: 1.5, inode: 77 };
    const before = await journal.enter(file('old', identity));
    assert.equal(journal.byIdentity(identity, 'spool')?.id, before.id);
    assert.equal(journal.byIdentity(identity, 'folder'), undefined);
    assert.equal(journal.byIdentity({ ...identity, mtimeMs: 2 }, 'spool'), undefined);
    const moved = await journal.enter(file('new', { ...identity, movedFrom: before.id }));
    assert.deepEqual([moved.id, moved.filepath, moved.state], [before.id, 'new', 'incoming']);
    assert.equal(
      await journal.changeUnmoved(before, { state: 'failed', errorCode: 'source_missing' }),
      false,
    );
    assert.equal(await journal.changeUnmoved(moved, { state: 'failed', errorCode: 'source_missing' }), true);
    const again = await journal.enter(file('newer', { ...identity, movedFrom: before.id }));
    assert.deepEqual([again.id, again.state, again.errorCode], [before.id, 'incoming', null]);
    const tried = await journal.enter(file('tried', { ...identity, movedFromMissing: before.id }));
    assert.notEqual(tried.id, before.id, 'it is there still');
    await journal.change(again.id, { state: 'failed', errorCode: 'source_missing' });
    const later = await journal.enter(file('later', { ...identity, movedFromMissing: before.id }));
    assert.equal(later.id, before.id);
    await journal.change(again.id, { state: 'completed' });
    await journal.change(tried.id, { state: 'completed' });
    assert.equal(journal.byIdentity(identity, 'spool'), undefined);
    assert.notEqual(
      (await journal.enter(file('other', { ...identity, movedFrom: before.id }))).id,
      before.id,
    );
  });

  test(`${name}: a file that is renamed before it is on record is not said to be gone under its old name (D-168)`, async t => {
    const { journal } = await start(t);
    const identity = { size: 5, mtimeMs: 1.5, inode: 77 };
    const gone = { state: 'failed', errorCode: 'source_missing' } as const;
    for (const [number, state] of (['incoming', 'processing', 'completed'] as const).entries()) {
      const folder = number === 2 ? { source: '/folder/a' } : {};
      const where = { ...identity, inode: number, ...folder };
      const [before, after] = await Promise.all([
        journal.enter(file(`old${number}`, where)),
        journal.enter(file(`new${number}`, where)),
      ]);
      await journal.change(after.id, { state });
      assert.equal(await journal.changeUnmoved(before, gone), false);
      assert.equal(journal.byId(before.id), undefined);
      assert.equal(journal.byId(after.id)?.state, state);
      assert.equal(await journal.changeUnmoved({ ...after, state }, gone), true, 'nothing came after it');
    }
    const tried = await journal.enter(file('tried', identity));
    await journal.enter(file('again', identity));
    const nothing = { errorAnswer: null, errorCode: null, errorMessage: null };
    const row = { startedAt: '', finishedAt: '', outcome: 'failure', ...nothing } as const;
    await journal.recordAttempt(tried.id, row, {});
    assert.equal(await journal.changeUnmoved(tried, gone), false);
    const { state, errorCode } = journal.byId(tried.id) ?? {};
    assert.deepEqual([state, errorCode], ['failed', 'superseded'], 'what was tried stays on record');
  });

  test(`${name}: a file of a folder that enters twice within one group has one record (D-301)`, async t => {
    const { journal } = await start(t);
    const source = '/folder/a';
    const [first, second, other] = await Promise.all([
      journal.enter(file('a', { source, size: 1, objectKey: 'k/a' })),
      journal.enter(file('a', { source, size: 2, objectKey: 'k/a' })),
      journal.enter(file('b', { source: '/folder/b' })),
    ]);
    assert.equal(second.id, first.id);
    assert.notEqual(other.id, first.id);
    assert.deepEqual([journal.byId(first.id)?.size, journal.byId(first.id)?.objectKey], [2, 'k/a']);
    await journal.change(first.id, { state: 'completed', outcome: 'success' });
    assert.notEqual((await journal.enter(file('a', { source }))).id, first.id);
  });

  test(`${name}: what becomes one object is known by its key, from the spool and from folders (D-302)`, async t => {
    const { journal } = await start(t);
    const names = { key: 'all/x/a', filepaths: ['x/a', 'a'], spoolPrefix: 'all/' };
    const spooled = await journal.enter(file('x/a'));
    const foreign = await journal.enter(file('a'));
    const exported = await journal.enter(file('a', { source: '/folder/a', objectKey: 'all/x/a' }));
    const other = await journal.enter(file('a', { source: '/other/a', objectKey: 'all/y/a' }));
    const ids = (record: FileRecord): number[] => journal.olderUnderWay(record, names).map(({ id }) => id);
    assert.deepEqual(ids(exported), [spooled.id]);
    assert.deepEqual(ids(spooled), []);
    assert.equal(journal.newerThan(spooled, names)?.id, exported.id);
    assert.equal(journal.newerThan(exported, names), undefined);
    await journal.change(spooled.id, { state: 'completed', outcome: 'success', objectKey: 'all/x/a' });
    assert.deepEqual(ids(exported), []);
    assert.ok(foreign.id < exported.id && exported.id < other.id);
  });

  test(`${name}: a record of content that was delivered before goes into the earlier one (D-167)`, async t => {
    const { journal } = await start(t);
    const source = '/folder/a';
    const first = await journal.enter(file('a', { source, ctimeMs: 3 }));
    assert.equal(first.ctimeMs, 3);
    await journal.change(first.id, { state: 'completed', outcome: 'success' });
    const second = await journal.enter(file('a', { source, inode: 9 }));
    assert.equal(journal.deliveredBefore(second)?.id, first.id);
    assert.equal(journal.deliveredBefore(first), undefined);
    await journal.merge(second.id, first.id, { inode: 9 });
    assert.equal(journal.byId(second.id), undefined);
    assert.equal(journal.bySource(source)?.inode, 9);
  });

  test(`${name}: a group of changes that holds a bad one loses only that`, async t => {
    const { journal } = await start(t);
    const one = await journal.enter(file('a'));
    await journal.change(one.id, { state: 'processing' });
    const bad = await journal.enter(file('a'));
    const results = await Promise.allSettled([
      journal.enter(file('b')),
      journal.change(bad.id, { state: 'processing' }),
      journal.enter(file('c')),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  test(`${name}: what is durable when a promise resolves can be read by another process, and closing writes what is outstanding`, async t => {
    const { journal, local } = await start(t);
    const entering = Promise.all(
      Array.from({ length: 1000 }, (_, number) => journal.enter(file(`${number}`))),
    );
    await journal.close();
    await entering;
    const again = await local.openJournal();
    t.after(() => again.close());
    assert.equal(again.counts().incoming, 1000);
  });

  test(`${name}: list finds by state, text, error and page`, async t => {
    const { journal } = await start(t);
    for (const name of ['dir/50%_a', 'dir/50xxa', 'other']) await journal.enter(file(name));
    await journal.change(3, { state: 'failed', errorCode: 'access_denied' });
    assert.deepEqual(
      journal.list({ text: '50%_' }).map(({ id }) => id),
      [1],
    );
    assert.deepEqual(
      journal.list({ states: ['failed'], errorCode: 'access_denied' }).map(({ id }) => id),
      [3],
    );
    assert.deepEqual(
      journal.list({ after: [3], limit: 1 }).map(({ id }) => id),
      [2],
    );
    assert.deepEqual(
      [{}, { text: '50%_' }, { states: ['failed'] as const, present: true }, { profile: 'nobody' }].map(
        filter => journal.count(filter),
      ),
      [3, 1, 1, 0],
    );
    await journal.change(3, { droppedAtMs: 5 });
    assert.equal(journal.counts().failed, 0, 'one that was dropped counts no longer');
  });

  test(`${name}: what is due comes longest due first, and later tries can be made due now`, async t => {
    const { journal } = await start(t);
    const [late, early, other] = [
      await journal.enter(file('late', { nextAttemptAtMs: 30 })),
      await journal.enter(file('early', { nextAttemptAtMs: 20 })),
      await journal.enter(file('other', { profile: 'q', nextAttemptAtMs: 20 })),
    ];
    const due = (nowMs: number): number[] => journal.due('p', nowMs, 9).map(({ id }) => id);
    assert.deepEqual([due(19), due(20), due(30)], [[], [early.id], [early.id, late.id]]);
    assert.deepEqual(journal.due('p', 30, 1).length, 1);
    const [first = 0, ...others] = due(30);
    assert.deepEqual(
      journal.due('p', 30, 1, [first]).map(({ id }) => id),
      others.slice(0, 1),
    );
    assert.deepEqual(
      [journal.nextDueMs('p', 19), journal.nextDueMs('p', 20), journal.nextDueMs('p', 30)],
      [20, 30, undefined],
    );
    assert.equal(await journal.makeDueNow('p', 25), 1);
    assert.deepEqual(due(25), [early.id, late.id]);
    assert.deepEqual(
      journal.due('q', 20, 9).map(({ id }) => id),
      [other.id],
    );
  });

  test(`${name}: attempts are numbered and kept, each with its change of the record`, async t => {
    const { journal } = await start(t);
    const { id } = await journal.enter(file('a', { state: 'processing' }));
    const times = { startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:00:01.000Z' };
    const failed = {
      ...times,
      outcome: 'failure',
      errorAnswer: 'retry',
      errorCode: 'timed_out',
      errorMessage: 'late',
    } as const;
    const first = journal.recordAttempt(id, failed, {
      failures: 1,
      errorCode: 'timed_out',
      errorMessage: 'late',
    });
    const done = {
      ...times,
      outcome: 'success',
      errorAnswer: null,
      errorCode: null,
      errorMessage: null,
    } as const;
    const second = journal.recordAttempt(id, done, {
      state: 'completed',
      outcome: 'success',
      errorCode: null,
    });
    assert.deepEqual(await Promise.all([first, second]), [1, 2]);
    assert.deepEqual(journal.attempts(id), [
      { number: 1, ...failed },
      { number: 2, ...done },
    ]);
    const record = journal.byId(id);
    assert.deepEqual(
      [record?.attempts, record?.failures, record?.state, record?.errorCode],
      [2, 1, 'completed', null],
    );
  });

  test(`${name}: files that wait for a bucket are let go together; those without content wait on`, async t => {
    const { journal } = await start(t);
    const held = { nextAttemptAtMs: null, hold: 'bucket' } as const;
    const waiting = await journal.enter(file('a', held));
    await journal.enter(file('b', { ...held, bucket: 'other' }));
    await journal.enter(file('c', { nextAttemptAtMs: null, hold: 'empty' }));
    const others = { bucket_held: 0, folder_held: 0 };
    assert.deepEqual(journal.holdCounts(), { empty: 1, bucket: 2, ...others });
    assert.deepEqual(
      journal
        .missingBuckets()
        .map(({ bucket }) => bucket)
        .sort(),
      ['b', 'other'],
    );
    assert.equal(await journal.release('bucket', { profile: 'p', bucket: 'b' }, 7), 1);
    const { hold, nextAttemptAtMs } = journal.byId(waiting.id) ?? {};
    assert.deepEqual([hold, nextAttemptAtMs], [null, 7]);
    assert.deepEqual(
      [journal.holdCounts(), journal.counts().waiting],
      [{ empty: 1, bucket: 1, ...others }, 2],
    );
  });

  test(`${name}: delivered files that are still in the spool and proven come delivered longest ago first`, async t => {
    const { journal } = await start(t);
    const complete = async (name: string, completedAtMs: number, more: Partial<EnteringFile> = {}) => {
      const { id } = await journal.enter(file(name, { state: 'processing', size: 10, ...more }));
      await journal.change(id, { state: 'completed', completedAtMs, verified: 'checksum' });
      return id;
    };
    const late = await complete('late', 9);
    const early = await complete('early', 1);
    await complete('outside', 5, { source: '/folder/outside' });
    const removed = await complete('removed', 2);
    await journal.change(removed, { removedAtMs: 10 });
    await journal.change(await complete('unproven', 3), { verified: 'none' });
    assert.deepEqual(
      journal.retained(9).map(({ id }) => id),
      [early, late],
    );
    assert.deepEqual(journal.retainedTotals(), { files: 2, bytes: 20 });
    assert.equal(journal.counts().completed, 5);
    assert.deepEqual(journal.inState('completed', early, 9).length, 3);
  });

  test(`${name}: an upload in parts is kept with its parts until it is dropped, and abandoned once its file has ended`, async t => {
    const { journal } = await start(t);
    const { id: recordId } = await journal.enter(file('a', { state: 'processing' }));
    const upload = {
      ...{ recordId, upload: { bucket: 'b', key: 'a', uploadId: 'u' }, partBytes: 5, startedAtMs: 3 },
      ...{ size: 1, mtimeMs: 1, inode: 1 },
    };
    assert.equal(journal.upload(recordId), undefined);
    await journal.saveUpload(upload);
    const parts = [
      { partNumber: 1, etag: 'x', size: 5, crc32: undefined },
      { partNumber: 2, etag: 'y', size: 5, crc32: 'AAAAAA==' },
    ];
    for (const part of parts.toReversed()) await journal.savePart(recordId, part);
    await journal.savePart(recordId, parts[0] ?? { partNumber: 0, etag: '', size: 0 });
    assert.deepEqual(journal.upload(recordId), { ...upload, parts });
    assert.deepEqual(journal.abandonedUploads(), []);
    await journal.change(recordId, { state: 'failed' });
    assert.deepEqual(journal.abandonedUploads(), [{ ...upload, parts }]);
    await journal.dropUpload(recordId);
    await journal.savePart(recordId, { partNumber: 3, etag: 'z', size: 5 });
    assert.equal(journal.upload(recordId), undefined, 'a part that comes too late makes no upload');
  });

  test(`${name}: what is due in processing comes before all of incoming, profile by profile (D-16)`, async t => {
    const { journal } = await start(t);
    const enter = async (filepath: string, state: 'incoming' | 'processing', at: number, profile = 'p') =>
      journal.enter(file(filepath, { state, nextAttemptAtMs: at, profile }));
    await enter('waits', 'incoming', 10);
    await enter('older', 'processing', 5);
    await enter('newer', 'processing', 20);
    await enter('backing-off', 'processing', 100);
    await enter('other', 'processing', 20, 'q');
    assert.equal(await journal.putProcessingFirst(50), 1);
    const order = (profile: string) => journal.due(profile, 1000, 9).map(({ filepath }) => filepath);
    assert.deepEqual(order('p'), ['older', 'newer', 'waits', 'backing-off']);
    assert.deepEqual(order('q'), ['other']);
    assert.equal(await journal.putProcessingFirst(50), 0, 'once');
  });

  test(`${name}: an empty file that a copy announced is whole, until another takes its place (D-182)`, async t => {
    const { journal } = await start(t);
    const empty = { size: 0, nextAttemptAtMs: null, hold: 'empty' } as const;
    const { id } = await journal.enter(file('a', { size: 0, state: 'incoming_tmp', copied: true }));
    const seen = await journal.enter(file('a', { ...empty, mtimeMs: 2 }));
    assert.deepEqual([seen.id, seen.copied, seen.hold], [id, true, null]);
    assert.notEqual(seen.nextAttemptAtMs, null);
    const other = await journal.enter(file('a', { ...empty, inode: 2 }));
    assert.deepEqual([other.id, other.copied, other.hold], [id, false, 'empty']);
  });

  test(`${name}: when the clock is set back, what was put off for a while waits as long as it was to wait`, async t => {
    const nowMs = Date.UTC(2026, 0, 1);
    const { journal } = await start(t, { ...systemClock, nowMs: () => nowMs });
    const { id } = await journal.enter(file('a', { state: 'processing', nextAttemptAtMs: nowMs + 500 }));
    assert.equal(await journal.rewind(nowMs - 10_000), 1);
    assert.equal(journal.byId(id)?.nextAttemptAtMs, nowMs - 9500);
    assert.equal(await journal.rewind(nowMs - 10_000), 0, 'once');
  });

  test(`${name}: what is on its way to the disk when the clock is set back waits no longer for that`, async t => {
    const clock = new BentClock();
    const { journal } = await start(t, clock);
    const known = await journal.enter(file('known', { state: 'processing' }));
    const asked = [
      journal.enter(file('new', { nextAttemptAtMs: clock.nowMs() })),
      journal.change(known.id, { nextAttemptAtMs: clock.nowMs() + 500 }),
    ];
    clock.jump(-3 * 3_600_000);
    await Promise.all(asked);
    assert.equal(await journal.rewind(clock.nowMs()), 2);
    assert.equal(journal.due('p', clock.nowMs() + 500, 10).length, 2);
  });

  test(`${name}: troubles are grouped by state and error, without files that are gone`, async t => {
    const { journal } = await start(t);
    const fail = async (name: string, state: 'failed' | 'processing', change: RecordChange) => {
      const { id } = await journal.enter(file(name, { state: 'processing' }));
      await journal.change(id, { state, errorMessage: name, ...change });
    };
    await fail('a', 'failed', { errorCode: 'access_denied' });
    await fail('b', 'failed', { errorCode: 'access_denied' });
    await fail('c', 'processing', { errorCode: 'access_denied' });
    await fail('d', 'failed', { errorCode: 'timed_out', removedAtMs: 1 });
    await fail('e', 'processing', { errorMessage: null });
    const troubles = journal
      .troubles()
      .map(({ state, errorCode, count }) => `${state} ${errorCode} ${count}`);
    assert.deepEqual(troubles.sort(), ['failed access_denied 2', 'processing access_denied 1']);
    assert.match(journal.troubles().find(({ count }) => count === 2)?.example ?? '', /^[ab]$/);
  });
}
