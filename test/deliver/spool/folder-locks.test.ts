import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FolderSettings } from '../../../src/deliver/settings.ts';
import { FolderLocks, mayMoveIn } from '../../../src/deliver/spool/folder-locks.ts';
import { Spool } from '../../../src/deliver/spool/spool.ts';
import { startDelivery } from '../../support/delivery.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

/** A station's folders: `spool` its own, the others delivered from where they lie. */
interface Folders {
  readonly spool: string;
  readonly folders?: Readonly<Record<string, FolderSettings['after']>>;
}

async function take(t: TestContext, base: string, { spool, folders = {} }: Folders): Promise<void> {
  new Spool(join(base, spool)).prepare([]);
  const settings = Object.entries(folders).map(([path, after]) => {
    mkdirSync(join(base, path), { recursive: true });
    return { path: join(base, path), profile: 'p', bucket: 'b', prefix: '', settleMs: 0, after };
  });
  const locks = new FolderLocks(join(base, spool), settings);
  t.after(() => locks.stop());
  await locks.start();
}

const MEETING: Readonly<Record<string, readonly [Folders, Folders]>> = {
  'one spool, whatever the working directory or database': [{ spool: 'a' }, { spool: 'a' }],
  'one spool by a link': [{ spool: 'a' }, { spool: 'link' }],
  'a spool within an area of another': [{ spool: 'a' }, { spool: 'a/incoming/p/b/inner' }],
  'a spool around another one’s': [{ spool: 'a/incoming/p/b/inner' }, { spool: 'a' }],
  'one folder whose files are deleted': [
    { spool: 'a', folders: { shared: 'delete' } },
    { spool: 'c', folders: { shared: 'completed' } },
  ],
  'a folder within another one’s, by a link': [
    { spool: 'a', folders: { shared: 'delete' } },
    { spool: 'c', folders: { 'to-shared/inner': 'delete' } },
  ],
  'a folder around a spool': [{ spool: 'shared/deep/a' }, { spool: 'c', folders: { shared: 'delete' } }],
  'a spool within a folder': [{ spool: 'c', folders: { shared: 'completed' } }, { spool: 'shared/deep/a' }],
  'a folder that is another one’s area': [
    { spool: 'a' },
    { spool: 'c', folders: { 'a/incoming': 'delete' } },
  ],
};

const APART: Readonly<Record<string, readonly [Folders, Folders]>> = {
  'side by side': [{ spool: 'a' }, { spool: 'c' }],
  'a station’s folder within another’s, its areas apart': [{ spool: 'a' }, { spool: 'a/inner' }],
  'folders whose files stay': [
    { spool: 'a', folders: { shared: 'keep' } },
    { spool: 'c', folders: { shared: 'keep' } },
  ],
};

async function place(t: TestContext): Promise<string> {
  const base = await tempDirectory(t);
  for (const folder of ['a', 'shared/inner']) mkdirSync(join(base, folder), { recursive: true });
  symlinkSync('a', join(base, 'link'));
  symlinkSync('shared', join(base, 'to-shared'));
  return base;
}

for (const [name, [first, second]] of Object.entries(MEETING))
  test(`two stations never move files in the same folder: ${name} (D-166)`, async t => {
    const base = await place(t);
    await take(t, base, first);
    await assert.rejects(take(t, base, second), { code: 'station_running', message: /process \d+/ });
  });

for (const [name, [first, second]] of Object.entries(APART))
  test(`stations whose folders are apart run side by side: ${name} (D-166)`, async t => {
    const base = await place(t);
    await take(t, base, first);
    await take(t, base, second);
  });

test('one station may have folders around and beside its spool, and take its locks again (D-166)', async t => {
  const base = await place(t);
  new Spool(join(base, 'shared/a')).prepare([]);
  const folder = {
    path: join(base, 'shared'),
    profile: 'p',
    bucket: 'b',
    prefix: '',
    settleMs: 0,
    after: 'delete',
  } as const;
  const locks = new FolderLocks(join(base, 'shared/a'), [folder]);
  await locks.start();
  await locks.start();
  await locks.stop();
  await locks.start();
  await locks.stop();
});

test('a lock that a stranger has, who could move nothing there, keeps no station from starting (D-166)', () => {
  const mine = { uid: 7, mode: 0o40755 };
  assert.equal(mayMoveIn(mine, 12_345), false);
  assert.equal(mayMoveIn(mine, 7), true);
  assert.equal(mayMoveIn(mine, 0), true);
  assert.equal(mayMoveIn({ uid: 7, mode: 0o42775 }, 12_345), true);
});

test('a second delivery of the same folder does not start, and the first one loses nothing (D-166)', async t => {
  const rig = await startDelivery(t);
  const other = await startDelivery(t, { start: false });
  const link = join(dirname(other.root), 'station');
  symlinkSync(rig.root, link);
  await assert.rejects(other.delivery.start(), { code: 'station_running' });
  rig.write('incoming/local/outbox/a.txt', 'a');
  await rig.until('a.txt', ({ state }) => state === 'completed');
  // Renamed or not, it is the same folder.
  renameSync(link, `${link}.old`);
  await rig.delivery.stop();
});
