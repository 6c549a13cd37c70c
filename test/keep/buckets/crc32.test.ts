import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { crc32 } from '../../../src/keep/buckets/crc32.ts';

test("the CRC32 of a run of blocks is zlib's, whatever their sizes (D-34)", () => {
  const sizes = [0, 1, 15, 4096, 65_535, 65_536, 65_537, 524_289, 1_048_576, 3];
  let now = 0;
  let expected = 0;
  for (const [index, size] of sizes.entries()) {
    // At odd addresses, too.
    const block = Buffer.alloc(size + 1)
      .fill(index * 37 + 1)
      .subarray(1);
    for (let at = 0; at < size; at += 97) block[at] = at;
    now = crc32(block, now);
    expected = zlibCrc32(block, expected);
    assert.equal(now, expected, String(size));
  }
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
});
