import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SluiceError } from '../../../src/base/errors.ts';
import { ListedProofs } from '../../../src/deliver/attempt/listed-proofs.ts';
import type { Asking } from '../../../src/deliver/attempt/upload/sending.ts';
import type { ObjectEntry, ObjectListOptions, ObjectPage } from '../../../src/keep/buckets/bucket.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type List = (options: ObjectListOptions) => ObjectPage | Promise<ObjectPage>;

const byBytes = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));
const entry = (key: string, etag = `"${key}"`, size = 1): ObjectEntry => ({
  key,
  etag,
  size,
  lastModifiedMs: 0,
});

/** A bucket that lists as S3 does. */
function bucketOf(entries: readonly ObjectEntry[]): List {
  const sorted = entries.toSorted((a, b) => byBytes(a.key, b.key));
  return ({ prefix = '', startAfter = '', maxKeys = 1000 }) => {
    const fitting = sorted.filter(({ key }) => key.startsWith(prefix) && byBytes(key, startAfter) > 0);
    const objects = fitting.slice(0, maxKeys);
    return objects.length < fitting.length ? { objects, continuation: 'more' } : { objects };
  };
}

function proofsOf(list: List) {
  const clock = new VirtualClock();
  const proofs = new ListedProofs(clock);
  const requests: ObjectListOptions[] = [];
  let waiting = 0;
  const store = {
    listObjects: async (_bucket: string, options: ObjectListOptions = {}) => {
      requests.push(options);
      return list(options);
    },
  };
  const askingFor = (id: number): Asking =>
    ({
      record: { id, profile: 'cloud', bucket: 'bucket' },
      store,
      settings: { bucketCacheMs: 300_000 },
      signal: new AbortController().signal,
      onWait: () => {
        waiting += 1;
      },
    }) as unknown as Asking;
  const acknowledged = (key: string, isAnswered = true) => ({
    at: { bucket: 'bucket', key },
    etag: `"${key}"`,
    expected: { size: 1 },
    isAnswered,
  });
  return {
    clock,
    requests,
    waiting: () => waiting,
    /** Sends all at once, and asks for their proofs. */
    async all(keys: readonly string[], isAnswered = true): Promise<boolean[]> {
      const asking = keys.map((_, index) => askingFor(index));
      for (const one of asking) proofs.sending(one);
      return Promise.all(
        asking.map((one, index) => proofs.isShown(one, acknowledged(keys[index] ?? '', isAnswered))),
      );
    },
    proofs,
    askingFor,
    acknowledged,
  };
}

const numbered = (count: number, folder = 'a'): string[] =>
  Array.from({ length: count }, (_, index) => `${folder}/${index}.bin`);

test('many are proven by a page; few, and what the answer did not prove, are asked for alone (D-360)', async () => {
  const keys = numbered(250);
  const bucket = proofsOf(bucketOf(keys.map(key => entry(key))));
  assert.ok((await bucket.all(keys)).every(Boolean));
  assert.equal(bucket.requests.length, 1);
  assert.equal(bucket.waiting(), 250, 'none of them holds its place meanwhile');
  assert.deepEqual(bucket.requests[0]?.prefix, 'a/');
  assert.ok((await bucket.all(keys.slice(0, 10))).every(isShown => !isShown));
  assert.ok((await bucket.all(keys, false)).every(isShown => !isShown));
  assert.equal(bucket.requests.length, 1);
  assert.equal(bucket.clock.pendingTimers, 0);
});

test('what one upload holds up is not waited for: the others are listed after half a second (D-360)', async () => {
  const keys = numbered(40);
  const bucket = proofsOf(bucketOf(keys.map(key => entry(key))));
  const { proofs, askingFor, acknowledged } = bucket;
  for (let id = 0; id < 40; id += 1) proofs.sending(askingFor(id));
  const shown = keys.slice(1).map((key, index) => proofs.isShown(askingFor(index + 1), acknowledged(key)));
  await bucket.clock.advance(499);
  assert.equal(bucket.requests.length, 0);
  await bucket.clock.advance(1);
  assert.equal(bucket.requests.length, 1);
  assert.ok((await Promise.all(shown.slice(0, 24))).every(Boolean));
  proofs.sent(askingFor(0));
  await Promise.all(shown);
  assert.equal(bucket.clock.pendingTimers, 0);
});

test('a bucket full of others is left after one page, and for half a minute (D-360)', async () => {
  const keys = Array.from({ length: 200 }, (_, index) => `m/${index + 100}/ours.bin`);
  const others = keys.flatMap(key => numbered(100, key.replace('ours.bin', 'others')).map(one => entry(one)));
  const bucket = proofsOf(bucketOf([...others, ...keys.map(key => entry(key))]));
  await bucket.all(keys);
  assert.equal(bucket.requests.length, 1);
  await bucket.all(keys);
  assert.equal(bucket.requests.length, 1);
  await bucket.clock.advance(30_000);
  await bucket.all(keys);
  assert.equal(bucket.requests.length, 2);
});

test('two clusters far apart cost a page each, whatever lies between (D-360)', async () => {
  const keys = [...numbered(120, 'a'), ...numbered(120, 'z')];
  const others = Array.from({ length: 20_000 }, (_, index) => entry(`m/${index}`));
  const bucket = proofsOf(bucketOf([...others, ...keys.map(key => entry(key))]));
  assert.ok((await bucket.all(keys)).every(Boolean));
  assert.ok(bucket.requests.length <= 3, `${bucket.requests.length} pages`);
});

test('a listing that is refused, takes too long or fails is not asked for again soon (D-360)', async () => {
  const keys = numbered(50);
  const denied = proofsOf(() => {
    throw new SluiceError('access_denied', 'no');
  });
  assert.ok((await denied.all(keys)).every(isShown => !isShown));
  assert.ok((await denied.all(keys)).every(isShown => !isShown));
  assert.equal(denied.requests.length, 1);
  await denied.clock.advance(300_000);
  await denied.all(keys);
  assert.equal(denied.requests.length, 2);
  const silent = proofsOf(
    ({ signal }) =>
      new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true }),
      ),
  );
  const shown = silent.all(keys);
  await silent.clock.advance(5_000);
  assert.ok((await shown).every(isShown => !isShown));
  await silent.all(keys);
  assert.equal(silent.requests.length, 1);
});

test('whatever a server lists, only what lies there as acknowledged is shown, in few pages (D-360)', async () => {
  const key = fc
    .tuple(fc.constantFrom('', 'a/', 'a/b/', 'é/', '\u{1f9ad}/'), fc.string({ minLength: 1, maxLength: 4 }))
    .map(([folder, name]) => folder + name);
  const fate = fc.constantFrom('there', 'there', 'there', 'there', 'missing', 'other', 'short');
  const server = fc.constantFrom('usual', 'from the beginning', 'backwards', 'short pages');
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(key, fate), { selector: ([one]) => one, maxLength: 120 }),
      fc.array(key, { maxLength: 60 }),
      server,
      async (files, others, kind) => {
        const keys = files.map(([one]) => one);
        const entries = new Map(others.map(one => [one, entry(one, '"other"')]));
        for (const [one, what] of files) {
          if (what === 'missing') entries.delete(one);
          else entries.set(one, entry(one, what === 'other' ? '"x"' : `"${one}"`, what === 'short' ? 0 : 1));
        }
        const list = bucketOf([...entries.values()]);
        const bucket = proofsOf(async options => {
          if (kind === 'from the beginning') return list({ ...options, startAfter: '' });
          if (kind === 'short pages')
            return list({ ...options, maxKeys: Math.min(options.maxKeys ?? 20, 20) });
          const page = await list(options);
          return kind === 'backwards' ? { ...page, objects: page.objects.toReversed() } : page;
        });
        const shown = await bucket.all(keys);
        for (const [index, [one, what]] of files.entries()) {
          if (shown[index]) assert.equal(what, 'there', one);
        }
        assert.ok(bucket.requests.length <= 1 + files.length / 16);
        assert.equal(bucket.clock.pendingTimers, 0);
      },
    ),
    { numRuns: 200 },
  );
});
