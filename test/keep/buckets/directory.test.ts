import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../../src/base/clock.ts';
import { DirectoryStore } from '../../../src/keep/buckets/directory/store.ts';
import { keyFault } from '../../../src/keep/buckets/names.ts';
import { fails, listAll } from '../../suites/bucket-suite.ts';
import { temporaryDirectory } from '../../support/temp-directory.ts';

async function setUp(
  context: TestContext,
): Promise<{ path: string; outside: string; store: DirectoryStore }> {
  const folder = temporaryDirectory(context, 'sluice-directory');
  const path = join(folder, 'store');
  const outside = join(folder, 'outside');
  await mkdir(join(path, 'bucket'), { recursive: true });
  await mkdir(outside);
  const store = new DirectoryStore(
    { kind: 'directory', name: 'd', provider: 'directory', path },
    { clock: systemClock },
  );
  return { path, outside, store };
}

const body = Buffer.from('body');
const at = (key: string) => ({ bucket: 'bucket', key });

test('no key leads out of the folder, whatever it is made of (D-5, T-16)', async context => {
  const { outside, path, store } = await setUp(context);
  const piece = fc.oneof(
    fc.constantFrom('..', '.', '/', '//', '\\', '\0', '~', '%2e%2e', 'a', 'b'),
    fc.string({ maxLength: 4 }),
  );
  const key = fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join(''));
  await fc.assert(
    fc.asyncProperty(key, async text => {
      const putting = store.putObject(at(text), { body });
      if (keyFault(text) !== undefined) await assert.rejects(putting, fails('key_invalid'));
      else await putting.catch(fails('key_invalid'));
    }),
    { numRuns: 150 },
  );
  assert.deepEqual(await readdir(outside), []);
  assert.deepEqual((await readdir(path)).sort(), ['.sluice', 'bucket']);
});

test('links do not lead out of the bucket, broken ones neither; reading does not follow them (D-5)', async context => {
  const { outside, path, store } = await setUp(context);
  await writeFile(join(outside, 'secret'), 'secret');
  await symlink(outside, join(path, 'bucket', 'link'));
  await symlink(join(outside, 'not-yet'), join(path, 'bucket', 'broken'));
  await symlink(join(outside, 'secret'), join(path, 'bucket', 'file'));
  for (const key of ['link/x', 'link/deep/x', 'broken/x']) {
    await assert.rejects(store.putObject(at(key), { body }), fails('key_invalid'), key);
    await assert.rejects(store.createUpload(at(key)), fails('key_invalid'), key);
  }
  await assert.rejects(store.getObject(at('link/secret')), fails('key_invalid'));
  await assert.rejects(store.getObject(at('file')), fails('object_missing'));
  await store.putObject(at('file'), { body });
  assert.equal(
    await readFile(join(outside, 'secret'), 'utf8'),
    'secret',
    'the link was replaced, not followed',
  );
  assert.deepEqual(await readdir(outside), ['secret']);
  assert.deepEqual(
    (await listAll(store, 'bucket', '')).map(({ key }) => key),
    ['file'],
  );
});

test('an upload id from a tampered record leads nowhere (D-5)', async context => {
  const { outside, store } = await setUp(context);
  await writeFile(
    join(outside, 'upload.json'),
    JSON.stringify({ bucket: 'bucket', key: 'a', initiatedMs: 0 }),
  );
  const upload = { ...at('a'), uploadId: '../../../outside' };
  await assert.rejects(store.abortUpload(upload), fails('upload_missing'));
  await assert.rejects(store.uploadPart(upload, 1, { body }), fails('upload_missing'));
  assert.deepEqual(await readdir(outside), ['upload.json']);
});

test('an object and the beginning of others exclude each other, in words', async context => {
  const { store } = await setUp(context);
  await store.putObject(at('a'), { body });
  await assert.rejects(store.putObject(at('a/b'), { body }), fails('key_invalid'));
  await store.putObject(at('x/y'), { body });
  await assert.rejects(store.putObject(at('x'), { body }), fails('key_invalid'));
  await assert.rejects(
    store.putObject(at('x'), { body }, { onlyIfAbsent: true }),
    fails(['key_invalid', 'object_exists']),
  );
  assert.equal(await store.headObject(at('x')), undefined);
  await assert.rejects(store.putObject(at('k'.repeat(256)), { body }), fails('key_invalid'));
});

test("files are plain, carry the source's time, and nothing is left beside them (D-5)", async context => {
  const { path, store } = await setUp(context);
  await store.putObject(at('deep/file.txt'), { body }, { metadata: { mtime: '1700000000.25' } });
  assert.equal((await stat(join(path, 'bucket/deep/file.txt'))).mtimeMs, 1_700_000_000_250);
  await store.deleteObject(at('deep/file.txt'));
  assert.deepEqual(await readdir(join(path, 'bucket')), [], 'empty folders go with their last object');
  const upload = await store.createUpload(at('parts'));
  await store.completeUpload(upload, [await store.uploadPart(upload, 1, { body })]);
  assert.deepEqual(await readdir(join(path, '.sluice/tmp')), []);
  assert.deepEqual(await readdir(join(path, '.sluice/uploads')), []);
});

test('objects put by others are objects; their folders are not pruned while they hold something', async context => {
  const { path, store } = await setUp(context);
  await mkdir(join(path, 'bucket', 'theirs'));
  await writeFile(join(path, 'bucket', 'theirs', 'one'), '1');
  await store.putObject(at('theirs/two'), { body });
  assert.deepEqual(
    (await listAll(store, 'bucket', 'theirs/')).map(({ key }) => key),
    ['theirs/one', 'theirs/two'],
  );
  await store.deleteObject(at('theirs/two'));
  assert.deepEqual(await readdir(join(path, 'bucket', 'theirs')), ['one']);
});

test('what crashed processes left for a day is removed, what is being written is not', async context => {
  const { path } = await setUp(context);
  const temporary = join(path, '.sluice/tmp');
  await mkdir(temporary, { recursive: true });
  await writeFile(join(temporary, 'left.tmp'), 'left');
  await utimes(join(temporary, 'left.tmp'), 1, 1);
  const profile = { kind: 'directory', name: 'd', provider: 'directory', path } as const;
  await new DirectoryStore(profile, { clock: systemClock }).putObject(at('a'), { body });
  assert.deepEqual(await readdir(temporary), ['left.tmp'], 'its time was set, but it is new');
  const tomorrow = { nowMs: () => Date.now() + 25 * 3_600_000 };
  await new DirectoryStore(profile, { clock: tomorrow }).putObject(at('a'), { body });
  assert.deepEqual(await readdir(temporary), []);
});

test('puts and deletes in one folder at once lose nothing to the pruning', async context => {
  const { store } = await setUp(context);
  await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      await store.putObject(at(`shared/deep/${index}`), { body });
      if (index % 2 === 0) await store.deleteObject(at(`shared/deep/${index}`));
    }),
  );
  assert.equal((await listAll(store, 'bucket', 'shared/')).length, 30);
});
