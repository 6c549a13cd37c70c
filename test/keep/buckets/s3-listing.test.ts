import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBuckets } from '../../../src/keep/buckets/s3/bucket-calls.ts';
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

test('the names of a list of buckets are read alike in every form, and no owner is taken for a bucket', () => {
  const list = (inner: string): string =>
    `<?xml version="1.0"?><ListAllMyBucketsResult xmlns="x"><Owner><ID>o</ID><DisplayName>me</DisplayName></Owner>${inner}</ListAllMyBucketsResult>\n`;
  const entries = [
    '<Bucket><Name>b-1</Name><CreationDate>x</CreationDate></Bucket>',
    '<s3:Bucket a="b"><s3:Name><![CDATA[b.2]]></s3:Name></s3:Bucket>',
  ];
  const names = readBuckets(list(`<Buckets>${entries.join('')}</Buckets>`));
  assert.deepEqual(names, { names: ['b-1', 'b.2'], continuation: '' });
  const more = readBuckets(list('<Buckets></Buckets><ContinuationToken>a&amp;b</ContinuationToken>'));
  assert.deepEqual(more, { names: [], continuation: 'a&b' });
  assert.deepEqual(readBuckets('<ListAllMyBucketsResult/>')?.names, []);
  assert.equal(
    readBuckets(`<ListAllMyBucketsResult><Buckets>${entries[0]}`),
    undefined,
    'it ends in the middle',
  );
  assert.equal(readBuckets('<html></html>'), undefined);
});
