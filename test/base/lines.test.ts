import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitLines } from '../../src/base/lines.ts';

async function lines(chunks: readonly (Buffer | string)[], maxChars?: number): Promise<string[]> {
  async function* stream() {
    yield* chunks;
  }
  return Array.fromAsync(splitLines(stream(), maxChars));
}

test('lines end at \\n, \\r\\n and a lone \\r; the last needs no end', async () => {
  assert.deepEqual(await lines(['a\nb\r\nc\rd']), ['a', 'b', 'c', 'd']);
  assert.deepEqual(await lines(['a\n\nb\n']), ['a', '', 'b']);
  assert.deepEqual(await lines([]), []);
});

test('a line that ends in \\r goes out at once, and a \\n that follows in the next chunk is part of its end', async () => {
  assert.deepEqual(await lines(['a\r', '\nb']), ['a', 'b']);
  assert.deepEqual(await lines(['a\r', '', '\n', '\nb']), ['a', '', 'b']);
  assert.deepEqual(await lines(['a\r', '\r\n']), ['a', '']);
});

test('however a text is cut into chunks, its lines are the same', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ü', '🜁', '\n', '\r', '\r\n'), maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(100), { maxLength: 8 }), async (whole, cuts) => {
      const bytes = Buffer.from(whole);
      const at = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
      assert.deepEqual(await lines(chunks), await lines([whole]));
    }),
  );
});

test('a character torn at the end of the stream is shown as damaged, not lost', async () => {
  assert.deepEqual(await lines([Buffer.from('a🜁').subarray(0, 3)]), ['a\ufffd']);
});

test('a line longer than the limit is cut there, however it arrives (T-17)', async () => {
  assert.deepEqual(await lines(['abcdef\nxy'], 3), ['abc', 'xy']);
  assert.deepEqual(await lines(['ab', 'cd', 'ef', '\nxy', 'zzz'], 3), ['abc', 'xyz']);
});
