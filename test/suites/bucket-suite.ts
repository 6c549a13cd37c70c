import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ErrorCode } from '../../src/base/errors.ts';
import { SluiceError } from '../../src/base/errors.ts';
import type { ObjectAddress, ObjectEntry, ObjectStore } from '../../src/keep/buckets/bucket.ts';
import { crc32Of, verifyObject } from '../../src/keep/buckets/checksum.ts';
import { makeDirectory } from '../support/left-behind.ts';

export interface BucketSubject {
  readonly store: ObjectStore;
  /** An existing bucket that the suite may fill and empty. */
  readonly bucket: string;
  /** Metadata besides `mtime`, and content types of any kind, are kept. */
  readonly keepsProperties: boolean;
  /** HEAD can show a CRC32. */
  readonly keepsChecksums: boolean;
  /** A key may be both an object and the beginning of others' (`a` and `a/b`). */
  readonly nestsKeys: boolean;
  /** Longest segment of a key; 1 024 where the store sets no limit of its own. */
  readonly maxSegmentBytes: number;
  /** Uploads are listed by their whole key alone, not by how it begins, as MinIO does. */
  readonly listsUploadsByKey?: boolean;
  /** A part that was replaced stays listed beside the one that replaced it, as SeaweedFS does. */
  readonly listsReplacedParts?: boolean;
  close(): Promise<void>;
}

/** Every key that people's files have, and a few that only tests have (D-33). */
const ODD_KEYS = [
  'plain.txt',
  'with space.txt',
  'plus+plus.txt',
  'percent%20not-a-space.txt',
  '100%.txt',
  'ünïcödé/日本語/файл.txt',
  'e\u0301 is not \u00e9.txt',
  '🦭/🌊.bin',
  'quotes\'"and(parens)!*.txt',
  'a&b=c?d#e;f,g:h@i$j.txt',
  'back\\slash|pipe<less>greater^caret`tick{brace}[bracket]~tilde.txt',
  '...three dots/.hidden/..two',
  ' leading and trailing ',
  'tab\tand\nnewline.txt',
];

export const fails = (code: ErrorCode | readonly ErrorCode[]) => (error: unknown) => {
  assert.ok(error instanceof SluiceError, `not a SluiceError: ${(error as Error).stack}`);
  const codes = typeof code === 'string' ? [code] : code;
  assert.ok(codes.includes(error.code), `${error.code}, not ${codes.join(' or ')}: ${error.message}`);
  return true;
};

export async function readAll(
  store: ObjectStore,
  at: ObjectAddress,
  range?: { first: number; last?: number },
): Promise<Buffer> {
  const { body, size } = await store.getObject(at, range === undefined ? {} : { range });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  assert.equal(whole.length, size);
  return whole;
}

export async function listAll(
  store: ObjectStore,
  bucket: string,
  prefix: string,
  maxKeys?: number,
): Promise<ObjectEntry[]> {
  const entries: ObjectEntry[] = [];
  let continuation: string | undefined;
  do {
    const page = await store.listObjects(bucket, {
      prefix,
      ...(maxKeys === undefined ? {} : { maxKeys }),
      ...(continuation === undefined ? {} : { continuation }),
    });
    entries.push(...page.objects);
    continuation = page.continuation;
  } while (continuation !== undefined);
  return entries;
}

const sha = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/**
 * What every ObjectStore does, whichever it is: run against the test server, a real S3 server and the directory store.
 * @param open called once; everything it starts ends with `close`
 */
export function bucketSuite(name: string, open: () => Promise<BucketSubject>): void {
  describe(`bucket suite: ${name}`, () => {
    let subject: BucketSubject;
    let store: ObjectStore;
    let directory: ReturnType<typeof makeDirectory>;
    const prefix = `suite-${randomUUID()}`;
    const at = (key: string): ObjectAddress => ({ bucket: subject.bucket, key: `${prefix}/${key}` });
    const put = (key: string, text: string | Buffer) => store.putObject(at(key), { body: Buffer.from(text) });
    const fileOf = async (bytes: Buffer): Promise<{ path: string; size: number }> => {
      const path = join(directory.path, randomUUID());
      await writeFile(path, bytes);
      return { path, size: bytes.length };
    };

    before(async () => {
      directory = makeDirectory('sluice-suite');
      subject = await open();
      store = subject.store;
    });
    after(async () => {
      try {
        for (const upload of await store.listUploads(subject.bucket)) await store.abortUpload(upload);
        for (const { key } of await listAll(store, subject.bucket, `${prefix}/`)) {
          await store.deleteObject({ bucket: subject.bucket, key });
        }
      } finally {
        await store?.close();
        await subject?.close();
        directory.remove();
      }
    });

    test('the bucket is listed and its head answers (D-30)', async () => {
      assert.ok((await store.listBuckets()).includes(subject.bucket));
      await store.headBucket(subject.bucket);
    });

    test('a missing bucket is bucket_missing, permanent (D-30)', async () => {
      const bucket = `missing-${randomUUID().slice(0, 8)}`;
      await assert.rejects(store.headBucket(bucket), fails('bucket_missing'));
      // Servers answer a large body long before its end and close the connection: the answer must not be lost to that.
      for (const size of [1, 512 * 1024, 24 * 1024 * 1024]) {
        const source = await fileOf(randomBytes(size));
        await assert.rejects(store.putObject({ bucket, key: 'a' }, source), error => {
          fails('bucket_missing')(error);
          assert.equal((error as SluiceError).answer, 'give-up');
          return true;
        });
      }
      await assert.rejects(store.listObjects(bucket), fails('bucket_missing'));
    });

    test('what was put comes back byte for byte, and HEAD verifies it (D-29)', async () => {
      const bytes = randomBytes(70_000);
      const result = await store.putObject(at('small.bin'), await fileOf(bytes));
      assert.notEqual(result.etag, '');
      assert.deepEqual(await readAll(store, at('small.bin')), bytes);
      const head = await store.headObject(at('small.bin'), { checksum: true });
      assert.ok(head);
      assert.equal(head.size, bytes.length);
      assert.ok(Math.abs(head.lastModifiedMs - Date.now()) < 10 * 60_000);
      const expected = { size: bytes.length, crc32: crc32Of(bytes) };
      assert.deepEqual(verifyObject(head, expected), {
        agrees: subject.keepsChecksums ? 'checksum' : 'size',
      });
    });

    test('putObject may be repeated and replaces', async () => {
      await put('again', 'one');
      await put('again', 'two');
      await put('again', 'two');
      assert.equal((await readAll(store, at('again'))).toString(), 'two');
    });

    test('an empty object is an object (D-19)', async () => {
      await put('empty', '');
      assert.equal((await store.headObject(at('empty')))?.size, 0);
      assert.equal((await readAll(store, at('empty'))).length, 0);
    });

    for (const [label, size] of [
      ['just within one block', 1024 * 1024],
      ['streamed, an odd size', 3 * 1024 * 1024 + 4321],
      ['streamed, whole blocks', 4 * 1024 * 1024],
    ] as const) {
      test(`a large object from a file arrives whole and reports its progress: ${label}`, async () => {
        const bytes = randomBytes(size);
        let progress = 0;
        const key = `large-${size}`;
        const result = await store.putObject(at(key), await fileOf(bytes), {
          onProgress: count => {
            progress += count;
          },
        });
        assert.ok(progress >= size, `${progress} of ${size} bytes reported`);
        assert.equal(result.crc32, crc32Of(bytes));
        assert.equal(sha(await readAll(store, at(key))), sha(bytes));
      });
    }

    test('part of a file, and a large buffer, can be sources', async () => {
      const bytes = randomBytes(3 * 1024 * 1024);
      const file = await fileOf(bytes);
      await store.putObject(at('slice'), { path: file.path, offset: 1000, size: 2_000_000 });
      assert.equal(sha(await readAll(store, at('slice'))), sha(bytes.subarray(1000, 2_001_000)));
      await store.putObject(at('buffer'), { body: bytes });
      assert.equal(sha(await readAll(store, at('buffer'))), sha(bytes));
    });

    test('a file shorter than announced is source_changed and leaves no object (D-32)', async () => {
      for (const size of [100, 2 * 1024 * 1024]) {
        const file = await fileOf(randomBytes(size));
        const putting = store.putObject(at(`short-${size}`), { path: file.path, size: size + 1 });
        await assert.rejects(putting, fails('source_changed'));
        assert.equal(await store.headObject(at(`short-${size}`)), undefined);
      }
    });

    test('odd keys arrive as themselves, in HEAD, GET and listing (D-33)', async () => {
      const sent = ODD_KEYS.map(key => `odd/${key}`);
      for (const key of sent) await put(key, key);
      for (const key of sent) {
        assert.equal((await readAll(store, at(key))).toString(), key);
        assert.ok(await store.headObject(at(key)), key);
      }
      const listed = (await listAll(store, subject.bucket, `${prefix}/odd/`)).map(entry => entry.key);
      assert.deepEqual(listed.toSorted(), sent.map(key => `${prefix}/${key}`).toSorted());
      for (const key of sent) await store.deleteObject(at(key));
      assert.deepEqual(await listAll(store, subject.bucket, `${prefix}/odd/`), []);
    });

    test('keys up to 1 024 bytes are stored, longer and impossible ones refused as key_invalid (D-33)', async () => {
      const room = 1024 - Buffer.byteLength(`${prefix}/`);
      const segment = 'k'.repeat(Math.min(200, subject.maxSegmentBytes));
      const longest = Array.from({ length: 20 }, () => segment)
        .join('/')
        .slice(0, room - 1)
        .concat('z');
      await put(longest, 'long');
      assert.equal((await readAll(store, at(longest))).toString(), 'long');
      for (const key of [`${longest}z`, 'a//b', 'a/../b', '..', './a', 'a/', 'nul\0', 'lone\ud800']) {
        await assert.rejects(put(key, 'x'), fails('key_invalid'), JSON.stringify(key));
      }
      for (const key of ['', '/a', '../a']) {
        await assert.rejects(
          store.putObject({ bucket: subject.bucket, key }, { body: Buffer.from('') }),
          fails('key_invalid'),
        );
      }
      for (const bucket of ['', '..', 'a/b', '.hidden', '../up']) {
        await assert.rejects(
          store.putObject({ bucket, key: 'a' }, { body: Buffer.from('') }),
          fails('key_invalid'),
        );
      }
    });

    test('content type and metadata are kept, text of any kind included (D-34)', async () => {
      const metadata = { mtime: '1700000000.25', note: 'größe 100% \u{1f9ad}  two spaces', empty: '' };
      await store.putObject(
        at('properties.json'),
        { body: Buffer.from('{}') },
        { contentType: 'application/json', metadata },
      );
      const head = await store.headObject(at('properties.json'));
      assert.equal(head?.metadata.mtime, metadata.mtime);
      assert.equal(head?.contentType, subject.keepsProperties ? 'application/json' : undefined);
      assert.equal(head?.metadata.note, subject.keepsProperties ? metadata.note : undefined);
    });

    test('headObject answers undefined, getObject object_missing, deleteObject nothing where there is no object', async () => {
      assert.equal(await store.headObject(at('nowhere/at-all')), undefined);
      await assert.rejects(store.getObject(at('nowhere/at-all')), fails('object_missing'));
      await store.deleteObject(at('nowhere/at-all'));
      await put('gone', 'x');
      await store.deleteObject(at('gone'));
      await store.deleteObject(at('gone'));
      assert.equal(await store.headObject(at('gone')), undefined);
    });

    test('ranges are inclusive, may be open, and may begin beyond the end only to be refused', async () => {
      await put('range', '0123456789');
      assert.equal((await readAll(store, at('range'), { first: 2, last: 4 })).toString(), '234');
      assert.equal((await readAll(store, at('range'), { first: 7 })).toString(), '789');
      assert.equal((await readAll(store, at('range'), { first: 8, last: 100 })).toString(), '89');
      await assert.rejects(store.getObject(at('range'), { range: { first: 10 } }), fails('request_refused'));
    });

    test('listing pages through keys in the order of their bytes', async () => {
      const keys = ['a', 'a-b', 'a.b', 'ab', 'b/a', 'b/b/c', 'b0', 'é', '\u{1f9ad}', '\uffee'];
      if (subject.nestsKeys) keys.push('a/b', 'b');
      for (const key of keys) await put(`list/${key}`, key);
      const wanted = keys
        .map(key => `${prefix}/list/${key}`)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      for (const maxKeys of [1, 3, 1000]) {
        const listed = await listAll(store, subject.bucket, `${prefix}/list/`, maxKeys);
        assert.deepEqual(
          listed.map(entry => entry.key),
          wanted,
          `${maxKeys} a page`,
        );
      }
      const within = await listAll(store, subject.bucket, `${prefix}/list/b/`);
      assert.deepEqual(
        within.map(entry => [entry.key, entry.size]),
        [
          [`${prefix}/list/b/a`, 3],
          [`${prefix}/list/b/b/c`, 5],
        ],
      );
      for (const startAfter of ['ab', 'b.', 'zzz']) {
        const after = { prefix: `${prefix}/list/`, startAfter: `${prefix}/list/${startAfter}` };
        const { objects } = await store.listObjects(subject.bucket, after);
        assert.deepEqual(
          objects.map(({ key }) => key),
          wanted.filter(key => Buffer.compare(Buffer.from(key), Buffer.from(after.startAfter)) > 0),
          `after ${startAfter}`,
        );
      }
      // A prefix need not end at a slash.
      assert.equal(
        (await listAll(store, subject.bucket, `${prefix}/list/a`)).length,
        subject.nestsKeys ? 5 : 4,
      );
    });

    test('onlyIfAbsent fails with object_exists rather than replace', async () => {
      const once = (text: string) =>
        store.putObject(at('once'), { body: Buffer.from(text) }, { onlyIfAbsent: true });
      await once('first');
      await assert.rejects(once('second'), fails('object_exists'));
      assert.equal((await readAll(store, at('once'))).toString(), 'first');
    });

    test('many at once', async () => {
      const keys = Array.from({ length: 200 }, (_, index) => `many/${index % 7}/${index}`);
      await Promise.all(keys.map(key => put(key, key)));
      assert.equal((await listAll(store, subject.bucket, `${prefix}/many/`)).length, keys.length);
      await Promise.all(keys.map(key => store.deleteObject(at(key))));
      assert.equal((await listAll(store, subject.bucket, `${prefix}/many/`)).length, 0);
    });

    test('an aborted signal ends a call with cancelled', async () => {
      const signal = AbortSignal.abort();
      const file = await fileOf(randomBytes(2 * 1024 * 1024));
      await assert.rejects(
        store.putObject(at('cancelled'), { body: Buffer.from('x') }, { signal }),
        fails('cancelled'),
      );
      await assert.rejects(store.putObject(at('cancelled'), file, { signal }), fails('cancelled'));
      await assert.rejects(store.listObjects(subject.bucket, { signal }), fails('cancelled'));
      assert.equal(await store.headObject(at('cancelled')), undefined);
    });

    test('a multipart upload resumes from the parts that are there, in any order, and verifies (D-31)', async () => {
      const partBytes = Math.max(store.limits.minPartBytes, 1024 * 1024);
      const bytes = randomBytes(2 * partBytes + 12_345);
      const file = await fileOf(bytes);
      const source = (index: number) => ({
        path: file.path,
        offset: index * partBytes,
        size: Math.min(partBytes, bytes.length - index * partBytes),
      });
      const upload = await store.createUpload(at('parts.bin'), {
        contentType: 'text/plain',
        metadata: { mtime: '1700000000.5' },
      });
      const third = await store.uploadPart(upload, 3, source(2));
      await store.uploadPart(upload, 1, source(1));
      const replaced = await store.uploadPart(upload, 1, source(0));
      assert.equal(await store.headObject(at('parts.bin')), undefined, 'no object before completion');
      assert.deepEqual((await listAll(store, subject.bucket, `${prefix}/parts`)).length, 0);

      // As after a restart: only the upload's own record is left.
      const known = await store.listParts(JSON.parse(JSON.stringify(upload)));
      // Where a server lists both contents of a part that was replaced, neither is taken for the one that counts.
      const isDoubtful = subject.listsReplacedParts === true && known.length === 1;
      const first = isDoubtful ? [] : [[1, partBytes]];
      assert.deepEqual(
        known.map(part => [part.partNumber, part.size]),
        [...first, [3, 12_345]],
      );
      const second = await store.uploadPart(upload, 2, source(1));
      const again = isDoubtful ? [await store.uploadPart(upload, 1, source(0))] : [];
      // Not all servers list checksums; the journal has them.
      const listed = known.map(part => ({
        ...part,
        crc32: (part.partNumber === 3 ? third : replaced).crc32,
      }));
      const parts = [second, ...listed.toReversed(), ...again];
      await store.completeUpload(upload, parts);
      assert.equal(sha(await readAll(store, at('parts.bin'))), sha(bytes));
      const head = await store.headObject(at('parts.bin'), { checksum: true });
      assert.ok(head);
      assert.equal(head.contentType, subject.keepsProperties ? 'text/plain' : head.contentType);
      assert.equal(head.metadata.mtime, '1700000000.5');
      const expected = { size: bytes.length, crc32: crc32Of(bytes), parts };
      assert.deepEqual(verifyObject(head, expected), {
        agrees: subject.keepsChecksums ? 'checksum' : 'size',
      });
      await assert.rejects(store.listParts(upload), fails('upload_missing'));
    });

    test('uploads begun are listed; aborting one removes it and may be repeated (D-31)', async () => {
      const upload = await store.createUpload(at('abandoned.bin'));
      await store.uploadPart(upload, 1, { body: Buffer.from('part') });
      const asked = subject.listsUploadsByKey ? upload.key : `${prefix}/abandoned`;
      const pending = await store.listUploads(subject.bucket, { prefix: asked });
      assert.deepEqual(
        pending.map(({ key, uploadId }) => [key, uploadId]),
        [[upload.key, upload.uploadId]],
      );
      assert.ok(Math.abs((pending[0]?.initiatedMs ?? 0) - Date.now()) < 10 * 60_000);
      await store.abortUpload(upload);
      await store.abortUpload(upload);
      assert.deepEqual(await store.listUploads(subject.bucket, { prefix: asked }), []);
      await assert.rejects(
        store.uploadPart(upload, 2, { body: Buffer.from('late') }),
        fails('upload_missing'),
      );
      await assert.rejects(store.listParts(upload), fails('upload_missing'));
      assert.equal(await store.headObject(at('abandoned.bin')), undefined);
    });

    test('completing with a part that is not there is upload_missing (D-31)', async () => {
      const upload = await store.createUpload(at('incomplete.bin'));
      const part = await store.uploadPart(upload, 1, { body: Buffer.from('part') });
      const completing = store.completeUpload(upload, [{ ...part, partNumber: 2 }]);
      await assert.rejects(completing, fails('upload_missing'));
      await store.abortUpload(upload);
    });
  });
}
