import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SluiceError } from '../../../src/base/errors.ts';
import { PendingMemory } from '../../../src/gather/capture/files/pending-memory.ts';
import { recover, wholeLines } from '../../../src/gather/capture/files/recover.ts';
import { parseReading } from '../../../src/gather/capture/reading.ts';
import { filesOf, readingKind } from '../../support/capture.ts';
import { tempDirectory } from '../../support/temp-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const TIMES = { requestedAtMs: Date.UTC(2026, 0, 5), receivedAtMs: Date.UTC(2026, 0, 5) + 3 };
const value = (json: string) => ({ kind: 'value', json }) as const;

function below(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

test('four readings of 19 bytes under a limit of 50: one complete file and one in progress (K-9)', async t => {
  const directory = await tempDirectory(t);
  const { files, finished } = filesOf(directory, 50);
  for (let index = 0; index < 4; index += 1) files.append(`${'x'.repeat(18)}\n`, TIMES);
  await files.flush(true);
  const names = below(directory);
  assert.deepEqual(names.map(name => name.replace(/^.*\.ndjson/, 'X')).sort(), ['X', 'X.prog']);
  assert.match(names[0] ?? '', /^local\/outbox\/readings\/one\/20260105T000000\.000Z-[0-9a-f]{6}\.ndjson/);
  assert.deepEqual(
    finished.map(({ file }) => [file?.readings, file?.bytes, file?.reason]),
    [[2, 38, 'size']],
  );
  assert.deepEqual(files.progress, { readings: 2, bytes: 38 });
  await files.complete('stop');
});

test('a file never exceeds its limit unless by one reading that is larger; nothing is lost and order stays (K-9)', async t => {
  const directory = await tempDirectory(t);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 }),
      async sizes => {
        const folder = join(directory, String(Math.random()));
        const { files, finished, failures } = filesOf(folder, 60);
        for (const [index, size] of sizes.entries()) files.append(`${index}:${'x'.repeat(size)}\n`, TIMES);
        await files.complete('stop');
        assert.deepEqual(failures, []);
        // Files completed together may be finished in any order; their content tells the order.
        const contents = finished
          .map(({ path }) => readFileSync(join(folder, path), 'utf8'))
          .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
        assert.deepEqual(
          contents
            .join('')
            .trim()
            .split('\n')
            .map(line => Number.parseInt(line, 10)),
          [...sizes.keys()],
        );
        for (const content of contents)
          assert.ok(content.length <= 60 || content.trim().split('\n').length === 1);
        const readings = finished.reduce((sum, { file }) => sum + (file?.readings ?? 0), 0);
        assert.equal(readings, sizes.length);
      },
    ),
    { numRuns: 40 },
  );
});

test('a file is complete at its age; one without readings is never made (K-9)', async t => {
  const directory = await tempDirectory(t);
  const clock = new VirtualClock();
  const { files, finished } = filesOf(directory, 1000, clock);
  await files.flush(true);
  await files.complete('sync');
  files.add(value('1'), TIMES);
  await clock.advance(59_000);
  await files.flush(false);
  assert.equal(finished.length, 0);
  await clock.advance(1_000);
  await files.flush(false);
  assert.deepEqual(
    finished.map(({ file }) => file?.reason),
    ['age'],
  );
});

test('a binary reading is one file, with its metadata beside it (K-8)', async t => {
  const directory = await tempDirectory(t);
  const { files, finished } = filesOf(directory, 10);
  const bytes = Buffer.from([0xff, 0xd8, 0xff, 0x00]);
  const reading = parseReading({ bytes, contentType: 'image/jpeg' }, readingKind());
  assert.equal(reading.kind, 'binary');
  files.add(reading, TIMES);
  files.add(reading, TIMES);
  await files.complete('sync');
  assert.equal(finished.length, 2);
  const [{ path = '', companions = [] } = {}] = finished;
  assert.match(path, /\.jpeg$/);
  assert.deepEqual(companions, [`${path}.json`]);
  assert.deepEqual(readFileSync(join(directory, path)), bytes);
  const {
    collector,
    requested_at,
    bytes: size,
    file,
  } = JSON.parse(readFileSync(join(directory, `${path}.json`), 'utf8'));
  assert.deepEqual([collector, requested_at, size], ['one', '2026-01-05T00:00:00.000Z', 4]);
  assert.ok(path.endsWith(`/${file}`));
});

test('whatever a crash leaves of the last lines, the whole ones stay and nothing torn does (K-10)', () => {
  const line = (index: number): string =>
    `${JSON.stringify({ collector: 'one', requested_at: 'x', reading: index })}\n`;
  fc.assert(
    fc.property(
      fc.nat(20),
      fc.nat(60),
      fc.constantFrom('', '\0\0\0', '{"half', '\0\n\0\n'),
      (count, cut, tail) => {
        const whole = Array.from({ length: count }, (_, index) => line(index)).join('');
        const kept = Buffer.from(whole).subarray(0, Math.max(0, whole.length - cut));
        const { lines, bytes } = wholeLines(Buffer.concat([kept, Buffer.from(tail)]));
        const expected = kept.toString().split('\n').slice(0, -1);
        assert.deepEqual(lines, expected);
        assert.equal(
          bytes,
          expected.reduce((sum, each) => sum + each.length + 1, 0),
        );
      },
    ),
  );
});

test('recovery completes lines and binary readings in progress, drops torn ones, and finds complete files again (K-10)', async t => {
  const directory = await tempDirectory(t);
  const first = filesOf(directory, 1000);
  first.files.add(value('1'), TIMES);
  first.files.add(value('2'), TIMES);
  await first.files.flush(true);
  const [lines = ''] = below(directory);
  writeFileSync(join(directory, lines), '{"collector":"one","torn', { flag: 'a' });
  const binary = filesOf(directory, 1000);
  binary.files.add({ kind: 'binary', bytes: Buffer.from([1, 2, 3]), extension: 'json' }, TIMES);
  await binary.files.complete('stop');
  const torn = 'local/outbox/readings/one/20260105T000000.000Z-000001.bin.prog';
  writeFileSync(join(directory, torn), 'half');
  const foreign = 'local/outbox/notes.txt';
  mkdirSync(dirname(join(directory, foreign)), { recursive: true });
  writeFileSync(join(directory, foreign), 'mine');
  for (let round = 0; round < 2; round += 1) {
    const { finished, torn: cut } = await recover(directory, 7);
    assert.equal(cut, round === 0 ? 2 : 0);
    assert.deepEqual(
      finished
        .map(({ file, companions }) => [file?.readings, file?.reason, file?.method, companions.length])
        .sort(),
      [
        [1, 'recovered', 'file', 1],
        [2, 'recovered', 'file', 0],
      ],
    );
    for (const { path } of finished) assert.ok(below(directory).includes(path));
  }
  assert.equal(below(directory).filter(name => name.endsWith('.prog')).length, 0);
  assert.equal(readFileSync(join(directory, foreign), 'utf8'), 'mine');
  // Lets go of its descriptor; its file is no longer there.
  await first.files.complete('stop');
  assert.equal(first.failures.length, 1);
});

test('readings are distinguished: JSON keeps its digits, text is text, what is not as the format says is refused (K-8)', () => {
  const jsonFrom = (text: string, format: 'auto' | 'json' | 'text' = 'auto') => {
    const reading = parseReading({ bytes: Buffer.from(text) }, readingKind({ format }));
    return reading.kind === 'value' ? reading.json : reading.kind;
  };
  assert.equal(jsonFrom('12345678901234567890.10\n'), '12345678901234567890.10');
  assert.equal(jsonFrom('{"a":\n 1}\n'), '{"a":  1}');
  assert.equal(jsonFrom('007'), '"007"');
  assert.equal(jsonFrom('up "and" running\n'), '"up \\"and\\" running"');
  assert.equal(jsonFrom('42', 'text'), '"42"');
  assert.equal(jsonFrom(''), '""');
  assert.throws(() => jsonFrom('no', 'json'), /not JSON/);
  assert.equal(parseReading({ bytes: Buffer.from([0xff]) }, readingKind()).kind, 'binary');
  assert.throws(
    () => parseReading({ bytes: Buffer.from([0xff]) }, readingKind({ format: 'text' })),
    /no text in UTF-8/,
  );
  assert.throws(() => parseReading({ bytes: Buffer.alloc(17 * 2 ** 20) }, readingKind()), /16 MiB/);
});

test('what the disk does not take waits in memory within bounds, and is counted as waiting or as lost, never as captured (K-109)', async t => {
  const obstacle = join(await tempDirectory(t), 'folder');
  writeFileSync(obstacle, 'no folder');
  const { files, finished, failures } = filesOf(obstacle, 400, undefined, new PendingMemory(40_000));
  const take = () => files.add({ kind: 'value', json: '1' }, TIMES);
  for (let index = 0; index < 5; index += 1) take();
  await files.flush(false);
  assert.deepEqual([files.unwritten, files.lost, finished.length], [5, 0, 0]);
  assert.equal(failures.length > 0, true);
  assert.match(files.writeError?.message ?? '', /folder/);
  let refused = 0;
  for (let index = 0; index < 50; index += 1) {
    try {
      take();
    } catch (error) {
      assert.equal((error as SluiceError).code, 'disk_full');
      refused += 1;
    }
    await files.flush(false);
  }
  assert.ok(refused > 0 && files.lost === refused, `${refused} refused`);
  assert.equal(files.unwritten, 55 - refused);
  rmSync(obstacle);
  await files.flush(false);
  await files.complete('sync');
  assert.deepEqual([files.unwritten, files.writeError], [0, null]);
  const kept = finished.reduce((sum, { file }) => sum + (file?.readings ?? 0), 0);
  assert.deepEqual([kept, files.lost], [55 - refused, refused]);
  rmSync(obstacle, { recursive: true });
  writeFileSync(obstacle, 'no folder again');
  take();
  await files.complete('stop');
  assert.equal(await files.giveUp(), 1);
  assert.equal(files.lost, refused + 1);
});

test('a single reading is taken, however long its line is; a disk that is too slow is not said to be full (K-109)', async t => {
  const { files } = filesOf(await tempDirectory(t), 400);
  const large = JSON.stringify('\0'.repeat(16 * 2 ** 20));
  files.add({ kind: 'value', json: large }, TIMES);
  assert.throws(() => files.add({ kind: 'value', json: '1' }, TIMES), { code: 'disk_failed' });
  await files.complete('stop');
  assert.deepEqual([files.pending, files.lost], [0, 1]);
});
