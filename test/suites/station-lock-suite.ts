import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import type { OpenLocal } from './journal-suite.ts';

/** The contract of `LocalStore.createLock`, within one process; test/e2e covers two. */
export function stationLockSuite(name: string, open: OpenLocal): void {
  test(`${name}: a place is locked for one at a time, who is named to the others, and free once it is stopped`, async t => {
    const local = await open(t, systemClock);
    const directory = await tempDirectory(t);
    const place = { path: directory, what: 'the root', lockPath: join(directory, 'below', 'station.lock') };
    const first = local.createLock(place);
    const second = local.createLock(place);
    t.after(() => Promise.all([first.stop(), second.stop()]));
    await first.start();
    await first.start();
    await assert.rejects(second.start(), ({ code, message }) => {
      assert.equal(code, 'station_running');
      assert.match(message, new RegExp(`the root ${directory} \\(process ${process.pid}\\)`));
      return true;
    });
    const elsewhere = local.createLock({ ...place, lockPath: join(directory, 'other.lock') });
    await elsewhere.start();
    await elsewhere.stop();
    await first.stop();
    await first.stop();
    await second.start();
    await assert.rejects(first.start(), { code: 'station_running' });
  });
}
