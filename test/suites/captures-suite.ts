import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { CapturedFile } from '../../src/keep/local/captures.ts';
import type { OpenLocal } from './journal-suite.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

const captured = (filepath: string, more: Partial<CapturedFile> = {}): CapturedFile => ({
  ...{ profile: 'p', bucket: 'b', filepath, collector: 'c', method: 'exec', readings: 10, bytes: 100 },
  ...{ firstAt: at(0), lastAt: at(9), intervalMs: 1000, tags: ['x'], station: 's', reason: 'size' },
  completedAtMs: 5,
  ...more,
});

/** The contract of `CaptureJournal`, beside the journal of delivery of the same machine. */
export function capturesSuite(name: string, open: OpenLocal): void {
  const start = async (t: TestContext) => {
    const local = await open(t, systemClock);
    const captures = await local.openCaptures();
    t.after(() => captures.close());
    return { local, captures };
  };

  test(`${name}: a finished file is entered once, and brought up to date when it is entered again`, async t => {
    const { local, captures } = await start(t);
    await captures.enter([captured('a'), captured('b', { collector: 'd', intervalMs: null })]);
    await captures.enter([captured('a', { readings: 12, bytes: 120, lastAt: at(11) })]);
    const again = await local.openCaptures();
    t.after(() => again.close());
    assert.deepEqual(again.list({ limit: 9 }), captures.list({ limit: 9 }));
    const [b, a, ...others] = captures.list({ limit: 9 });
    assert.ok(a && b && others.length === 0, 'newest first');
    const unknown = { recordId: null, state: null, objectKey: null, deliveredAtMs: null, lostAtMs: null };
    assert.deepEqual(a, {
      id: a.id,
      ...captured('a', { readings: 12, bytes: 120, lastAt: at(11) }),
      ...unknown,
    });
    assert.deepEqual(captures.byId(b.id), b);
    assert.equal(captures.byId(b.id + 1), undefined);
    assert.deepEqual(captures.list({ collector: 'c', limit: 9 }), [a]);
    assert.deepEqual(captures.list({ afterId: b.id, limit: 9 }), [a]);
    assert.deepEqual(captures.list({ offset: 1, limit: 9 }), [a]);
    assert.deepEqual(captures.list({ reverse: true, limit: 9 }), [a, b]);
    assert.deepEqual(captures.list({ reverse: true, afterId: a.id, limit: 9 }), [b]);
    assert.deepEqual(captures.list({ collector: 'c', offset: 1, limit: 9 }), []);
    assert.equal(captures.list({ limit: 1 }).length, 1);
  });

  test(`${name}: a file is unsent until it is delivered or lost, with its record once delivery has seen it`, async t => {
    const { local, captures } = await start(t);
    const journal = await local.openJournal();
    t.after(() => journal.close());
    await captures.enter(['a', 'b', 'c'].map(filepath => captured(filepath)));
    const entering = (filepath: string, fileCreationDate: string) =>
      journal.enter({
        ...{
          profile: 'p',
          bucket: 'b',
          filepath,
          size: 100,
          mtimeMs: 1,
          inode: 1,
          state: 'incoming' as const,
        },
        ...{ fileCreationDate, nextAttemptAtMs: 1, hold: null },
      });
    const delivered = await entering('a', at(0));
    const waiting = await entering('b', at(3));
    await entering('z', at(2));
    assert.deepEqual(captures.oldestWaiting(), { filepath: 'a', createdAtMs: Date.parse(at(0)) });
    await journal.change(delivered.id, { state: 'processing' });
    await journal.change(delivered.id, {
      ...{ state: 'completed', outcome: 'success', objectKey: 'key/a', completedAtMs: 7 },
    });
    assert.deepEqual(captures.oldestWaiting(), { filepath: 'b', createdAtMs: Date.parse(at(3)) });
    assert.deepEqual(captures.waitingTotals(), { files: 2, bytes: 200 });
    const unsent = captures.unsent();
    assert.deepEqual(
      unsent.map(({ filepath, recordId, state }) => [filepath, recordId, state]),
      [
        ['b', waiting.id, 'incoming'],
        ['c', null, null],
      ],
    );
    await captures.markLost(unsent[1]?.id ?? 0, 9);
    assert.equal(captures.unsent().length, 1);
    const [first] = captures.list({ limit: 9 }).toReversed();
    assert.deepEqual([first?.objectKey, first?.deliveredAtMs, first?.lostAtMs], ['key/a', 7, null]);
    assert.deepEqual(captures.totals(), [
      { collector: 'c', files: 3, readings: 30, bytes: 300, delivered: 1, lost: 1, lostReadings: 10 },
    ]);
  });

  test(`${name}: sums by collector are what its files add up to, in whatever order things come (K-650)`, async t => {
    const { local, captures } = await start(t);
    const journal = await local.openJournal();
    t.after(() => journal.close());
    const record = async (filepath: string, more: object): Promise<number> => {
      const file = { profile: 'p', bucket: 'b', filepath, size: 100, mtimeMs: 1, inode: 1 };
      const state = { state: 'incoming' as const, fileCreationDate: at(0), nextAttemptAtMs: 1, hold: null };
      const { id } = await journal.enter({ ...file, ...state });
      await journal.change(id, more);
      return id;
    };
    const completed = { state: 'completed', outcome: 'success', objectKey: 'k', completedAtMs: 7 } as const;
    const totalsOf = (collector: string) => captures.totals().find(totals => totals.collector === collector);
    await record('late', completed);
    await record('other/file', completed);
    await captures.enter([
      captured('late'),
      captured('again'),
      captured('lost'),
      captured('d', { collector: 'd' }),
    ]);
    await captures.enter([captured('again', { readings: 15, bytes: 150 }), captured('late')]);
    const none = { collector: 'c', delivered: 0, lost: 0, lostReadings: 0 };
    assert.deepEqual(totalsOf('c'), { ...none, files: 3, readings: 35, bytes: 350, delivered: 1 });
    const lost = captures.list({ limit: 9 }).find(({ filepath }) => filepath === 'lost')?.id ?? 0;
    await captures.markLost(lost, 9);
    await captures.markLost(lost, 10);
    const again = await record('again', { state: 'failed' });
    await journal.change(again, completed);
    await journal.change(again, { ...completed, completedAtMs: 8 });
    const end = { ...none, files: 3, readings: 35, bytes: 350, delivered: 2, lost: 1, lostReadings: 10 };
    assert.deepEqual(totalsOf('c'), end);
    assert.deepEqual(totalsOf('d'), { ...none, collector: 'd', files: 1, readings: 10, bytes: 100 });
    const lineage = captures.list({ collector: 'c', limit: 9 });
    assert.equal(lineage.filter(({ deliveredAtMs }) => deliveredAtMs !== null).length, end.delivered);
  });

  test(`${name}: what gave way is listed newest first, and summed up`, async t => {
    const { captures } = await start(t);
    const none = { bytes: 0, lostFiles: 0, lostReadings: 0, keptFiles: 0, keptBytes: 0 };
    assert.deepEqual([captures.listFreed(9), captures.freedTotals()], [[], none]);
    const clones = { atMs: 1, step: 'clones', path: null, files: 2, bytes: 50, readings: 0, lost: false };
    const readings = { atMs: 2, step: 'readings', path: '/a', files: 1, bytes: 5, readings: 7, lost: true };
    const kept = { atMs: 0, step: 'completed', path: null, files: 3, bytes: 20, readings: 0, lost: false };
    await captures.recordFreed([kept, clones, readings]);
    assert.deepEqual(captures.listFreed(9), [readings, clones, kept]);
    assert.deepEqual(captures.listFreed(1), [readings]);
    const lost = { lostFiles: 1, lostReadings: 7 };
    assert.deepEqual(captures.freedTotals(), { bytes: 75, ...lost, keptFiles: 3, keptBytes: 20 });
    await captures.close();
    await captures.close();
  });
}
