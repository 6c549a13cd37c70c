import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Enclosure } from '../../src/base/files/enclosure.ts';
import { copyContent, dataRanges } from '../../src/deliver/copy/content.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const STEP = 64 * 1024;

test('a copy keeps holes, the content and the times of its source (D-170)', async t => {
  const folder = await tempDirectory(t);
  const source = join(folder, 'sparse');
  writeFileSync(source, 'beginning');
  truncateSync(source, 64 * 2 ** 20);
  const target = openSync(join(folder, 'copy'), 'wx+');
  t.after(() => closeSync(target));
  const file = new Enclosure(folder).open('sparse');
  assert.ok(file);
  await copyContent(file, target, new AbortController().signal);
  file.close();
  const [before, after] = [statSync(source), statSync(join(folder, 'copy'))];
  assert.equal(after.size, before.size);
  assert.ok(after.blocks * 512 <= 2 ** 20, `${after.blocks * 512} bytes on the disk`);
  assert.ok(Math.abs(after.mtimeMs - before.mtimeMs) < 1);
  assert.ok(readFileSync(join(folder, 'copy')).equals(readFileSync(source)));
});

/** Copies a file of a folder. @returns its content there, and how much was asked for in each read */
async function copyWatched(
  t: TestContext,
  folder: string,
  name: string,
): Promise<{ readonly content: string; readonly lengths: readonly number[] }> {
  const path = join(await tempDirectory(t), 'copy');
  const target = openSync(path, 'wx+');
  t.after(() => closeSync(target));
  const file = new Enclosure(folder).open(name);
  assert.ok(file);
  const lengths: number[] = [];
  const watched = new Proxy(file, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        if (key === 'read') lengths.push((given[0] as Buffer).length);
        return value.apply(target, given);
      };
    },
  });
  await copyContent(watched, target, new AbortController().signal);
  file.close();
  return { content: readFileSync(path, 'utf8'), lengths };
}

test('a small file is copied with a buffer of its own size, not with a block (D-170)', async t => {
  const folder = await tempDirectory(t);
  writeFileSync(join(folder, 'small'), 'x'.repeat(100));
  const { content, lengths } = await copyWatched(t, folder, 'small');
  assert.ok(
    lengths.every(length => length <= 101),
    `${lengths}`,
  );
  assert.equal(content, 'x'.repeat(100));
});

test('a file that says it is empty and is not is copied whole, and not a byte at a time (D-170)', async t => {
  assert.equal(statSync('/proc/filesystems').size, 0);
  const { content, lengths } = await copyWatched(t, '/proc', 'filesystems');
  assert.equal(content, readFileSync('/proc/filesystems', 'utf8'));
  assert.ok(content.length > 100 && lengths.length <= 3, `${lengths} for ${content.length} bytes`);
});

test('what is left out of a copy is zeros and nothing else (D-170)', () => {
  const run = fc.record({ zero: fc.boolean(), steps: fc.integer({ min: 1, max: 3 }) });
  fc.assert(
    fc.property(fc.array(run, { maxLength: 6 }), fc.integer({ min: 0, max: 100 }), (runs, rest) => {
      const block = Buffer.concat([
        ...runs.map(({ zero, steps }) => Buffer.alloc(steps * STEP, zero ? 0 : 1)),
        Buffer.alloc(rest, 1),
      ]);
      const copy = Buffer.alloc(block.length);
      for (const [from, to] of dataRanges(block)) block.copy(copy, from, from, to);
      assert.ok(copy.equals(block));
      const written = dataRanges(block).reduce((sum, [from, to]) => sum + to - from, 0);
      const zeros = runs.reduce((sum, { zero, steps }) => sum + (zero ? steps * STEP : 0), 0);
      assert.equal(written, block.length - zeros);
    }),
    { numRuns: 20 },
  );
});
