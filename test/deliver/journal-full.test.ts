import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { Journal, RecordChange } from '../../src/keep/local/journal.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { BentClock } from '../support/bent-clock.ts';
import { filesBelow, startDelivery, until } from '../support/delivery.ts';
import { profileFor } from '../support/s3-profile.ts';
import { startS3Server } from '../support/s3-server/server.ts';

type Moment = 'entered' | 'taken' | 'completed' | 'failed';

/** A journal that has no room for one change: the first one that comes at that moment of a file's way. */
function withoutRoomOnce(journal: Journal, moment: Moment): { journal: Journal; struck: () => boolean } {
  let isStruck = false;
  const strikes = (name: string, args: readonly unknown[]): boolean => {
    const { state } = (args.at(-1) ?? {}) as RecordChange;
    if (moment === 'entered') return name === 'enter';
    if (moment === 'taken') return name === 'change' && state === 'processing';
    // What is given up says so before it is moved.
    return name === (moment === 'failed' ? 'change' : 'recordAttempt') && state === moment;
  };
  const spoiled = new Proxy(journal, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (isStruck || !strikes(String(name), args)) return value.apply(target, args);
        isStruck = true;
        return Promise.reject(new SluiceError('disk_full', 'no room left on the disk for the journal'));
      };
    },
  });
  return { journal: spoiled, struck: () => isStruck };
}

for (const moment of ['entered', 'taken', 'completed', 'failed'] as const) {
  test(`no room in the journal when a file is ${moment}: its record is right soon, without a restart (D-45, T-11)`, async t => {
    const server = await startS3Server();
    t.after(() => server.stop());
    if (moment === 'failed')
      server.faults.add({ kind: 'error', status: 403, code: 'AccessDenied', operation: 'PutObject' });
    let wasStruck = (): boolean => false;
    const rig = await startDelivery(t, {
      clock: new BentClock({ faster: 20 }),
      profiles: [profileFor(server, { name: 'cloud' })],
      openJournal: async (path, clock) => {
        const { journal, struck } = withoutRoomOnce(await openLocal(path, { clock }).openJournal(), moment);
        wasStruck = struck;
        return journal;
      },
    });
    rig.write('incoming/cloud/bucket/a.txt', 'a');
    const state = moment === 'failed' ? 'failed' : 'completed';
    const record = await rig.until('a.txt', found => found.state === state);
    assert.ok(wasStruck());
    assert.notEqual(record.errorCode, 'source_missing');
    assert.equal(record.removedAtMs, null);
    assert.deepEqual(filesBelow(rig.root), [`${state}/cloud/bucket/a.txt`]);
    assert.equal(rig.records().length, 1);
  });
}

test('what gets the name of a file that was taken while the journal had no room is another file, and goes as well (D-622)', async t => {
  const place: { root?: string } = {};
  const rig = await startDelivery(t, {
    clock: new BentClock({ faster: 20 }),
    openJournal: async (path, clock) => {
      const journal = await openLocal(path, { clock }).openJournal();
      const change = journal.change.bind(journal);
      let isStruck = false;
      journal.change = (id, changed) => {
        if (isStruck || changed.state !== 'processing') return change(id, changed);
        isStruck = true;
        const at = join(place.root ?? '', 'incoming/local/outbox/a.txt');
        writeFileSync(`${at}.new`, 'the newer');
        renameSync(`${at}.new`, at);
        return Promise.reject(new SluiceError('disk_full', 'no room left on the disk for the journal'));
      };
      return journal;
    },
  });
  place.root = rig.root;
  rig.write('incoming/local/outbox/a.txt', 'older');
  await until(() => rig.records({ states: ['completed'] }).length === 2);
  assert.equal(readFileSync(join(rig.target, 'outbox/a.txt'), 'utf8'), 'the newer');
  assert.deepEqual(filesBelow(rig.root).length, 2);
});
