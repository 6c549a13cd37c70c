import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { Header } from 'tar';
import { systemClock } from '../../../../src/base/clock.ts';
import { SluiceError } from '../../../../src/base/errors.ts';
import { type Archive, isMember } from '../../../../src/gather/repos/cache/cold/archive.ts';
import { parseColdPlace } from '../../../../src/gather/repos/cache/cold/place.ts';
import { sendArchive } from '../../../../src/gather/repos/cache/cold/send.ts';
import { unpack } from '../../../../src/gather/repos/cache/cold/unpack.ts';
import { crc32Base64 } from '../../../../src/keep/buckets/checksum.ts';
import { DirectoryStore } from '../../../../src/keep/buckets/directory/store.ts';
import { coldSuite } from '../../../suites/cold-suite.ts';
import { CacheBench } from '../../../support/cache-bench.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';
import { makeDirectory } from '../../../support/left-behind.ts';
import { storeFor } from '../../../support/s3-profile.ts';
import { startS3Server } from '../../../support/s3-server/server.ts';

async function directorySubject() {
  const { path, remove } = makeDirectory('sluice-cold');
  await mkdir(join(path, 'cold'));
  const profile = { kind: 'directory', name: 'cold', provider: 'directory', path } as const;
  const store = new DirectoryStore(profile, { clock: systemClock });
  return { store, bucket: 'cold', close: async () => remove() };
}

coldSuite('a folder', directorySubject);
coldSuite('the test S3 server', async () => {
  const server = await startS3Server({ buckets: ['cold'] });
  const store = storeFor(server);
  return {
    store,
    bucket: 'cold',
    close: async () => {
      await store.close();
      await server.stop();
    },
  };
});

const never = new AbortController().signal;

test('a bucket that is away: by default the clone goes all the same, with "keep" it stays (R-18)', async t => {
  const bench = await CacheBench.open(t);
  const coldStorage = { profile: 'away', bucket: 'b', prefix: '' };
  bench.settings = { ...bench.settings, coldStorage, coldStorageUnavailable: 'keep' };
  const upstream = bench.repository('a');
  await bench.bake(upstream.path);
  const stays = (error: unknown): boolean =>
    error instanceof SluiceError && /so it stays/.test(error.message);
  await assert.rejects(bench.cache.evict(upstream.path, never), stays);
  assert.deepEqual(await bench.cache.free(1), { freedBytes: 0, evicted: [] });
  assert.deepEqual(await bench.onDisk(), ['a']);
  bench.settings = { ...bench.settings, coldStorageUnavailable: 'evict' };
  await bench.cache.evict(upstream.path, never);
  assert.deepEqual(await bench.onDisk(), []);
  assert.match(bench.warnings.join('\n'), /not sent to cold storage: there is no profile away/);
  assert.equal((await bench.bake(upstream.path)).cache, 'clone');
});

function archive(content: Buffer): Archive {
  async function* read(): AsyncGenerator<Buffer> {
    for (let at = 0; at < content.length; at += 700_001) yield content.subarray(at, at + 700_001);
  }
  return { bytes: content.length, read };
}

test('a large archive goes in parts, a part that fails goes again, what an earlier try left is given up (R-18)', async t => {
  const server = await startS3Server({ buckets: ['cold'] });
  const store = storeFor(server);
  t.after(async () => {
    await store.close();
    await server.stop();
  });
  const content = randomBytes(40 * 2 ** 20);
  const at = { bucket: 'cold', key: 'x.tar' };
  await store.createUpload(at);
  server.faults.add({ kind: 'error', operation: 'UploadPart', status: 503, code: 'SlowDown', times: 1 });
  const sum = await sendArchive(archive(content), at, { store, clock: systemClock, signal: never });
  assert.equal(sum, crc32Base64(crc32(content)));
  assert.deepEqual(await server.read('cold', 'x.tar'), content);
  assert.equal(server.uploads('cold').size, 0);
});

for (const operation of ['CreateMultipartUpload', 'UploadPart'] as const) {
  test(`a server that knows no ${operation} gets a large archive whole, read anew where it is sent anew (R-646)`, async t => {
    const server = await startS3Server({ buckets: ['cold'] });
    const store = storeFor(server);
    t.after(async () => {
      await store.close();
      await server.stop();
    });
    server.faults.add({ kind: 'error', operation, status: 501, code: 'NotImplemented', times: 1_000_000 });
    server.faults.add({ kind: 'error', operation: 'PutObject', status: 503, code: 'SlowDown', times: 1 });
    const content = randomBytes(40 * 2 ** 20);
    const at = { bucket: 'cold', key: 'x.tar' };
    const sum = await sendArchive(archive(content), at, { store, clock: systemClock, signal: never });
    assert.equal(sum, crc32Base64(crc32(content)));
    assert.deepEqual(await server.read('cold', 'x.tar'), content);
    assert.equal(server.uploads('cold').size, 0);
  });
}

/** A tar of members with these headers. */
function tar(
  members: readonly {
    path: string;
    body?: string;
    type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory';
    linkpath?: string;
  }[],
): Buffer {
  const blocks = members.flatMap(({ path, body = '', type = 'File', linkpath }) => {
    const block = Buffer.alloc(512);
    new Header({ path, size: body.length, type, mode: 0o644, linkpath, mtime: new Date(0) }).encode(block, 0);
    const padded = Buffer.alloc(Math.ceil(body.length / 512) * 512);
    padded.write(body);
    return [block, padded];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function unpacking(t: TestContext, bytes: Buffer) {
  const base = temporaryDirectory(t);
  const into = join(base, 'into');
  const result = mkdir(into).then(() =>
    unpack({
      source: archive(bytes).read(),
      bytes: bytes.length,
      crc32: crc32Base64(crc32(bytes)),
      into,
      signal: never,
    }),
  );
  return { base, result };
}

const MANIFEST = JSON.stringify({
  version: 1,
  url: 'u',
  objectFormat: 'sha1',
  lean: true,
  headRef: null,
  spelling: null,
  otherRefs: 0,
});

test('an archive that holds anything but what a clone needs is refused, and nothing lands outside (R-19, T-16)', async t => {
  const manifest = { path: 'sluice.json', body: MANIFEST };
  const hostile: Parameters<typeof tar>[0][] = [
    [manifest, { path: '../evil', body: 'x' }],
    [manifest, { path: '/tmp/sluice-evil', body: 'x' }],
    [manifest, { path: 'objects/pack/../../../evil', body: 'x' }],
    [manifest, { path: 'config', body: '[core]\n\tsshCommand = evil' }],
    [manifest, { path: 'hooks/post-checkout', body: 'x' }],
    [manifest, { path: 'objects/info/alternates', body: '/etc' }],
    [manifest, { path: 'packed-refs', type: 'SymbolicLink', linkpath: '/etc/passwd' }],
    [manifest, { path: 'packed-refs', type: 'Link', linkpath: '/etc/passwd' }],
    [manifest, { path: 'objects', type: 'Directory' }],
    [manifest, { path: 'packed-refs', body: 'x' }, { path: 'packed-refs', body: 'y' }],
    [{ path: 'packed-refs', body: 'x' }],
    [{ path: 'sluice.json', body: '{"version":1,"headRef":"refs/x\\nevil"}' }],
  ];
  for (const members of hostile) {
    const { base, result } = unpacking(t, tar(members));
    await assert.rejects(
      result,
      (error: unknown) => error instanceof SluiceError,
      JSON.stringify(members.at(-1)),
    );
    assert.deepEqual(await readdir(base), ['into']);
  }
  const sound = unpacking(t, tar([manifest, { path: 'packed-refs', body: 'x' }]));
  assert.equal((await sound.result).url, 'u');
});

test('a cut or changed archive is refused, whatever was cut or changed (R-19)', async t => {
  const whole = tar([
    { path: 'sluice.json', body: MANIFEST },
    { path: 'packed-refs', body: 'r'.repeat(3000) },
  ]);
  const base = temporaryDirectory(t);
  let count = 0;
  const last = whole.length - 1;
  const damage = fc.record({
    cutAt: fc.option(fc.nat(last)),
    at: fc.nat(last),
    flip: fc.integer({ min: 1, max: 255 }),
  });
  const damaged = ({ cutAt, at, flip }: { cutAt: number | null; at: number; flip: number }): Buffer => {
    if (cutAt !== null) return whole.subarray(0, cutAt);
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ flip;
    return changed;
  };
  await fc.assert(
    fc.asyncProperty(damage, async how => {
      const bytes = damaged(how);
      count += 1;
      const into = join(base, String(count));
      await mkdir(into);
      const sent = { bytes: whole.length, crc32: crc32Base64(crc32(whole)) };
      await assert.rejects(
        unpack({ ...sent, source: archive(bytes).read(), into, signal: never }),
        (error: unknown) => error instanceof SluiceError && error.code === 'checksum_mismatch',
      );
    }),
    { numRuns: 100 },
  );
});

test('names of an archive are few and lead nowhere (R-19)', () => {
  for (const name of [
    'packed-refs',
    'shallow',
    `objects/pack/pack-${'a'.repeat(40)}.idx`,
    `objects/ab/${'0'.repeat(38)}`,
  ])
    assert.ok(isMember(name), name);
  for (const name of [
    'config',
    'HEAD',
    'hooks/x',
    'objects/info/alternates',
    'objects/info/packs',
    'a/../packed-refs',
    'packed-refs\n',
    `objects/pack/pack-${'a'.repeat(40)}.idx/x`,
  ])
    assert.ok(!isMember(name), name);
  assert.deepEqual(parseColdPlace('s3://p/b/x/y/'), { profile: 'p', bucket: 'b', prefix: 'x/y' });
  assert.deepEqual(parseColdPlace('s3://p/b'), { profile: 'p', bucket: 'b', prefix: '' });
  for (const text of ['p/b', 's3://p', 's3:///b/x', 's3://p/b/../x', 's3://p/b//x'])
    assert.throws(() => parseColdPlace(text), /cold storage/);
});
