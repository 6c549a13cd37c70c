import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { partBytesFor } from '../../../src/deliver/attempt/upload/parts.ts';
import { objectKey, propertiesOf, tagsIn } from '../../../src/deliver/attempt/upload/properties.ts';
import { destinationFor } from '../../../src/deliver/settings.ts';

test('parts are as large as wanted, and never too many (D-31)', () => {
  const limits = {
    maxSinglePutBytes: 5e9,
    minPartBytes: 5 * 2 ** 20,
    maxPartBytes: 5 * 2 ** 30,
    maxParts: 10_000,
  };
  assert.equal(partBytesFor(1e9, 8 * 2 ** 20, limits), 8 * 2 ** 20);
  assert.equal(partBytesFor(1e9, 1, limits), 5 * 2 ** 20);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 * 2 ** 40 }), size => {
      assert.ok(Math.ceil(size / partBytesFor(size, 8 * 2 ** 20, limits)) <= limits.maxParts);
    }),
  );
});

test('prefix, tags and type come from the destination and the name (D-34, D-562)', () => {
  const destinations = [
    { match: 'p', prefix: 'all', storageClass: 'STANDARD', cacheControl: 'no-cache', acl: 'private' },
    {
      match: 'p/b',
      prefix: '/robots/7/',
      tagSegments: true,
      tags: { project: 'x' },
      metadata: { robot: '7' },
      lock: { mode: 'compliance' as const, ms: 60_000, legalHold: false },
    },
  ];
  const destination = destinationFor({ destinations }, 'p', 'b');
  assert.equal(objectKey('a/b.txt', destination), 'robots/7/a/b.txt');
  const properties = propertiesOf('tag=red/tag=blue/a.html', { mtimeMs: 1500 }, destination, {
    nowMs: 1000,
    crc32: 'crc',
  });
  assert.equal(properties.contentType, 'text/html');
  assert.equal(properties.storageClass, 'STANDARD');
  assert.equal(properties.cacheControl, 'no-cache');
  assert.equal(properties.acl, 'private');
  assert.deepEqual(properties.lock, {
    legalHold: false,
    retention: { mode: 'compliance', untilMs: 61_000 },
  });
  assert.deepEqual(properties.tags, { project: 'x', red: '', blue: '' });
  assert.deepEqual(properties.metadata, { robot: '7', mtime: '1.5', crc32: 'crc' });
  assert.deepEqual(tagsIn('tag=/x/tag=file'), {});
});
