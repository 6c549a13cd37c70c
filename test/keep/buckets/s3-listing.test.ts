import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPage } from '../../../src/keep/buckets/s3/listing.ts';

/** A page with one entry, its elements as they are given. */
function page(...elements: readonly string[]): string {
  return `<?xml version="1.0"?><ListBucketResult><Contents>${elements.join('')}</Contents></ListBucketResult>`;
}

const PLAIN = ['<Key>a &amp; b</Key>', '<Size>12</Size>', '<ETag>&quot;x&quot;</ETag>'];

test('an entry of a listing is read alike in every form that its XML may have', () => {
  const expected = { key: 'a & b', size: 12, etag: '"x"', lastModifiedMs: 0 };
  const forms = [
    PLAIN,
    PLAIN.toReversed(),
    PLAIN.map(element => element.replace('<', '<s3:').replace('</', '</s3:')),
    PLAIN.map(element => element.replace('>', ' a="b">')),
    ['<Key><![CDATA[a & b]]></Key>', '<Size>12</Size>', '<ETag><![CDATA["x"]]></ETag>'],
  ];
  for (const form of forms) assert.deepEqual(readPage(page(...form))?.objects, [expected], form.join(''));
});

test('an entry without a key makes its page unreadable, one without an ETag has none', () => {
  assert.equal(readPage(page('<Key></Key>', '<Size>1</Size>')), undefined);
  assert.equal(readPage(page('<Key/>', '<Size>1</Size>')), undefined);
  const [entry] = readPage(page('<Key>a</Key>', '<ETag></ETag>'))?.objects ?? [];
  assert.deepEqual([entry?.key, entry?.size, entry?.etag], ['a', 0, '']);
});
