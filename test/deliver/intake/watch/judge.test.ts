import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Evidence, judge, type WatchedFile } from '../../../../src/deliver/intake/watch/judge.ts';

const identity = fc.record({
  inode: fc.integer({ min: 1, max: 2 }),
  size: fc.integer({ min: 0, max: 2 }),
  mtimeMs: fc.integer({ min: 1, max: 3 }),
  ctimeMs: fc.integer({ min: 1, max: 3 }),
});
const look = fc.record({
  identity,
  writer: fc.constantFrom<Evidence['writer']>('none', 'open', 'unknown'),
  closed: fc.boolean(),
  afterMs: fc.integer({ min: 0, max: 150 }),
});
const SETTLE_MS = 100;

test('whatever is seen, a writer means no report, and the same content is reported once in a row (D-18)', () => {
  fc.assert(
    fc.property(fc.array(look, { maxLength: 40 }), looks => {
      let entry: WatchedFile | undefined;
      let nowMs = 0;
      let lastReport = '';
      let sameSince = { key: '', ms: 0 };
      for (const { identity: now, writer, closed, afterMs } of looks) {
        nowMs += afterMs;
        const key = `${now.inode}:${now.size}:${now.mtimeMs}`;
        if (sameSince.key !== key) sameSince = { key, ms: nowMs };
        const verdict = judge(entry, now, { writer, closed, nowMs, settleMs: SETTLE_MS });
        if (verdict.report) {
          assert.notEqual(writer, 'open');
          assert.equal(verdict.entry.state, 'reported');
          assert.ok(!(entry?.state === 'reported' && lastReport === key));
          if (writer === 'unknown' || now.size === 0) assert.ok(nowMs - sameSince.ms >= SETTLE_MS);
          lastReport = key;
        }
        entry = verdict.entry;
      }
    }),
  );
});

test('a file that nobody writes is always reported in the end (D-17)', () => {
  fc.assert(
    fc.property(fc.array(look, { maxLength: 10 }), identity, (looks, last) => {
      let entry: WatchedFile | undefined;
      let reported = '';
      const see = (now: typeof last, evidence: Evidence): number | undefined => {
        const verdict = judge(entry, now, evidence);
        entry = verdict.entry;
        if (verdict.report) reported = `${now.inode}:${now.size}:${now.mtimeMs}`;
        return verdict.recheckMs;
      };
      for (const { identity: now, writer, closed } of looks) {
        see(now, { writer, closed, nowMs: 0, settleMs: SETTLE_MS });
      }
      const evidence = { writer: 'unknown', closed: false, settleMs: SETTLE_MS } as const;
      see(last, { ...evidence, nowMs: 1 });
      see(last, { ...evidence, nowMs: 1 + 2000 });
      assert.equal(reported, `${last.inode}:${last.size}:${last.mtimeMs}`);
    }),
  );
});

test('a file that was seen being made, and whose writer the kernel does not tell, may pause for long', () => {
  const now = { inode: 1, size: 1, mtimeMs: 1, ctimeMs: 1 };
  const evidence = { writer: 'unknown', closed: false, settleMs: SETTLE_MS } as const;
  const first = judge({ ...now, size: 0, state: 'created' }, now, { ...evidence, nowMs: 0 });
  assert.equal(first.recheckMs, 60 * SETTLE_MS);
  assert.equal(judge(first.entry, now, { ...evidence, nowMs: 59 * SETTLE_MS }).report, false);
  assert.equal(judge(first.entry, now, { ...evidence, nowMs: 60 * SETTLE_MS }).report, true);
  const closed = judge(first.entry, now, { ...evidence, closed: true, nowMs: 1 });
  assert.deepEqual([closed.report, closed.recheckMs], [false, 2000]);
  assert.equal(judge(closed.entry, now, { ...evidence, nowMs: 2000 }).report, true);
});

test('looks at a file being written come at growing distances, and start anew with each close', () => {
  const now = { inode: 1, size: 1, mtimeMs: 1, ctimeMs: 1 };
  const evidence = { writer: 'open', nowMs: 0, settleMs: SETTLE_MS } as const;
  const waits: (number | undefined)[] = [];
  let entry: WatchedFile | undefined;
  for (const closed of [false, false, false, false, true]) {
    const verdict = judge(entry, now, { ...evidence, closed });
    entry = verdict.entry;
    waits.push(verdict.recheckMs);
  }
  assert.deepEqual(waits, [20, 200, 2000, undefined, 20]);
});
