import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { type Mount, mountsOf, readMounts } from '../../../src/base/files/locations.ts';
import { FileSource } from '../../../src/gather/capture/sources/file/file.ts';
import { isRemotePath } from '../../../src/gather/capture/sources/file/remote-path.ts';
import type { RawReading } from '../../../src/gather/capture/sources/source.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

const textOf = (raw: RawReading | undefined): string => (raw as { bytes: Buffer }).bytes.toString();

/** A source of a file in a folder that counts as another machine's. */
function remoteSource(t: TestContext, folder: string, path: string): FileSource {
  const mounts: readonly Mount[] = [
    ...readMounts(),
    { fileSystem: '0:99', root: '/', at: folder, kind: 'nfs4' },
  ];
  const source = new FileSource({
    path,
    format: 'auto',
    monotonicMs: systemClock.monotonicMs,
    pause: ms => new Promise(resolve => void systemClock.timer(ms, resolve)),
    mounts: () => mounts,
  });
  t.after(() => source.close());
  return source;
}

test('files of a server that does not answer hold up no other read and no stop, however many they are (K-651)', async t => {
  const folder = await tempDirectory(t);
  // Whoever opens a named pipe to read, and may wait, waits for a writer: as for a server that is gone.
  const paths = Array.from({ length: 6 }, (_, at) => join(folder, `gone-${at}`));
  execFileSync('mkfifo', paths);
  const sources = paths.map(path => remoteSource(t, folder, path));
  const signal = AbortSignal.timeout(150);
  const readings = sources.map(source => Promise.resolve(source.read(() => signal)));
  const failed = Promise.allSettled(readings);
  // All places of the pool are free.
  const began = performance.now();
  for (let round = 0; round < 4; round += 1) await readFile('/proc/uptime');
  assert.ok(performance.now() - began < 5000);
  for (const result of await failed) assert.equal(result.status, 'rejected');
  await Promise.all(sources.map(source => source.close()));
  for (const path of paths) await (await open(path, 'r+')).close();
});

test('a file of another machine is read whole, by its own words where it cannot be, and again while half-written (K-651)', async t => {
  const folder = await tempDirectory(t);
  const patience = () => AbortSignal.timeout(20_000);
  const path = join(folder, 'a.json');
  writeFileSync(path, '{"a":');
  const half = remoteSource(t, folder, path).read(patience);
  setTimeout(() => appendFileSync(path, '1}'), 20);
  assert.equal(textOf(await half), '{"a":1}');
  await assert.rejects(async () => remoteSource(t, folder, join(folder, 'none')).read(patience), {
    code: 'reading_failed',
    message: `${folder}/none: cannot read it: no such file or directory`,
  });
  execFileSync('truncate', ['-s', '17M', join(folder, 'large')]);
  await assert.rejects(async () => remoteSource(t, folder, join(folder, 'large')).read(patience), {
    code: 'answer_too_large',
  });
});

test('where a path leads is found out without touching what may hang: by mounts, and by links that lie here (K-651)', async t => {
  const mountinfo = [
    '22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw',
    '30 22 0:40 / /mnt/nas\\040one rw shared:1 master:2 - nfs4 10.0.0.1:/x rw',
    '31 30 0:41 / /mnt/nas\\040one/here rw - tmpfs tmpfs rw',
    '32 22 0:42 / /proc rw - proc proc rw',
    '33 32 0:43 / /proc/uptime rw - fuse.lxcfs lxcfs rw',
    '34 22 0:44 / /srv rw - fuse.sshfs h:/ rw',
    '35 22 0:45 / /srv rw - ext4 /dev/vdb rw',
    '36 22 0:46 / /auto rw - autofs systemd-1 rw',
  ].join('\n');
  const mounts = mountsOf(mountinfo);
  const links = new Map([
    ['/home/up', '../mnt/nas one'],
    ['/home/abs', '/mnt/nas one/deep'],
    ['/home/loop', 'loop'],
    ['/home/local', '/proc/meminfo'],
  ]);
  const touched: string[] = [];
  const isRemote = (path: string): boolean =>
    isRemotePath(path, mounts, at => {
      touched.push(at);
      return links.get(at);
    });
  const remote = [
    '/mnt/nas one',
    '/mnt/nas one/a',
    '/home/up/x',
    '/home/abs',
    '/srv/../auto/x',
    '/x/../home/up',
  ];
  const local = [
    '/mnt/nas',
    '/mnt/nas one/here/x',
    '/proc/uptime',
    '/srv/x',
    '/home/loop',
    '/home/local',
    '/',
  ];
  assert.deepEqual(
    remote.map(isRemote),
    remote.map(() => true),
  );
  // What lies on another file system below a remote one is reached through that.
  assert.deepEqual(local.map(isRemote), [false, true, false, false, false, false, false]);
  assert.ok(touched.every(path => !path.startsWith('/mnt/nas one') && !path.startsWith('/auto')));
  const folder = await tempDirectory(t);
  mkdirSync(join(folder, 'far'));
  symlinkSync('far', join(folder, 'link'));
  const far = [{ fileSystem: '0:1', root: '/', at: join(folder, 'far'), kind: 'cifs' }];
  assert.equal(isRemotePath(join(folder, 'link/x'), far), true);
  assert.equal(isRemotePath(join(folder, 'near/x'), far), false);
});
