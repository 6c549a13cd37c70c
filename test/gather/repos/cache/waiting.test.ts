import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../../../src/base/errors.ts';
import { untilThereIsRoom } from '../../../../src/gather/repos/cache/no-room.ts';
import { type LinePlace, WaitingLine } from '../../../../src/gather/repos/cache/waiting-line.ts';
import {
  cloneDirectoryName,
  removeTree,
  scratchPathOf,
} from '../../../../src/gather/repos/clone/directories.ts';
import { CacheBench } from '../../../support/cache-bench.ts';

const MIB = 2 ** 20;

/** Work in a clone that writes so much when it is let, and what became of it. */
interface Work {
  readonly begun: Promise<void>;
  readonly done: Promise<'done' | SluiceError>;
  /** Why it waited. */
  readonly waits: string[];
  runs: number;
  /** Lets it write. */
  write(bytes: number): void;
  finish(): void;
}

/** Begins work in a clone of a made-up repository, of which it is known or not how much it took the last time. */
async function begin(
  bench: CacheBench,
  name: string,
  of: {
    knownBytes?: number;
    guessBytes?: number;
    isUrgent?: boolean;
    mayLeave?: boolean;
    signal?: AbortSignal;
  } = {},
): Promise<Work> {
  const url = `/made-up/${name}`;
  const directory = cloneDirectoryName(url);
  if (of.knownBytes !== undefined)
    await bench.records.change(url, {
      directory,
      bytes: of.knownBytes,
      lean: true,
      onDisk: false,
      sized: true,
    });
  const begun = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  const scratch = scratchPathOf(bench.directory, directory);
  const waits: string[] = [];
  const used = bench.cache.use(
    {
      url,
      estimateBytes: async () => of.guessBytes,
      isUrgent: of.isUrgent ?? false,
      mayLeave: of.mayLeave ?? false,
      signal: AbortSignal.any([bench.ended.signal, ...(of.signal ? [of.signal] : [])]),
      onProgress: progress => void (progress.phase === 'room' && waits.push(progress.text)),
    },
    async signal => {
      work.runs += 1;
      begun.resolve();
      try {
        await Promise.race([
          finished.promise,
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        ]);
      } finally {
        await removeTree(scratch);
      }
      return 'done' as const;
    },
  );
  const work: Work = {
    begun: begun.promise,
    done: used.catch(error => error as SluiceError),
    waits,
    runs: 0,
    write(bytes) {
      mkdirSync(scratch, { recursive: true });
      writeFileSync(join(scratch, 'pack'), Buffer.alloc(bytes, 1));
    },
    finish: () => finished.resolve(),
  };
  return work;
}

async function benchWith(t: TestContext, maxBytes: number | undefined): Promise<CacheBench> {
  const bench = await CacheBench.open(t);
  bench.settings = { ...bench.settings, maxBytes };
  return bench;
}

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!holds()) {
    assert.ok(performance.now() < endMs, `never: ${holds}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** Resolves once it has been told to wait. */
const waiting = ({ waits }: Work): Promise<void> => until(() => waits.length > 0);

test('two clones that do not fit at the same time wait for each other, and it says so; what is asked for goes first (R-100)', async t => {
  const bench = await benchWith(t, 10 * MIB);
  const first = await begin(bench, 'first', { knownBytes: 6 * MIB });
  await first.begun;
  const second = await begin(bench, 'second', { knownBytes: 5 * MIB });
  await waiting(second);
  assert.match(
    second.waits[0] ?? '',
    /waiting for room until others are done: .* too little for cache.maxSize/,
  );
  const asked = await begin(bench, 'asked', { knownBytes: 9 * MIB, isUrgent: true });
  await waiting(asked);
  const stop = new AbortController();
  const stopped = await begin(bench, 'stopped', { knownBytes: 5 * MIB, signal: stop.signal });
  await waiting(stopped);
  assert.match(stopped.waits[0] ?? '', /others wait for it, too/);
  stop.abort(new SluiceError('cancelled', 'not any more'));
  const ended = await stopped.done;
  assert.equal(ended instanceof SluiceError && ended.code, 'cancelled');
  first.finish();
  await asked.begun;
  assert.deepEqual([second.runs, stopped.runs], [0, 0]);
  asked.finish();
  await second.begun;
  second.finish();
  assert.deepEqual(await Promise.all([first.done, second.done, asked.done]), ['done', 'done', 'done']);
});

test('who waits elsewhere gives the worker back, keeps the place in the line, and is not overtaken meanwhile (R-340)', async t => {
  const bench = await benchWith(t, 10 * MIB);
  const first = await begin(bench, 'first', { knownBytes: 6 * MIB });
  await first.begun;
  const leaves = (): Promise<Work> => begin(bench, 'large', { knownBytes: 5 * MIB, mayLeave: true });
  const error = await (await leaves()).done;
  assert.ok(error instanceof SluiceError && error.code === 'room_awaited');
  assert.match(error.message, /too little for cache.maxSize/);
  assert.deepEqual(untilThereIsRoom(error, 1000), { postponedToMs: 6000, reason: error.message });
  assert.equal(untilThereIsRoom(new SluiceError('cache_full', 'no'), 1000), undefined);
  const behind = await (await begin(bench, 'behind', { knownBytes: MIB, mayLeave: true })).done;
  assert.ok(behind instanceof SluiceError && behind.retryAfterMs === 10_000, 'the farther back, the later');
  const small = await begin(bench, 'small', { knownBytes: MIB });
  await waiting(small);
  assert.match(small.waits[0] ?? '', /others wait for it, too/);
  first.finish();
  await first.done;
  const back = await leaves();
  await back.begun;
  assert.equal(small.runs, 0, 'it would fit, and is behind another that is away');
  back.finish();
  const backToo = await begin(bench, 'behind', { knownBytes: MIB, mayLeave: true });
  await Promise.all([backToo.begun, small.begun]);
  for (const work of [backToo, small]) work.finish();
  assert.deepEqual(await Promise.all([back.done, backToo.done, small.done]), ['done', 'done', 'done']);
});

test('a place that nobody comes back to is given up (R-340)', () => {
  let nowMs = 0;
  const place = (name: string, isUrgent = false): LinePlace => ({
    ...{ name, isUrgent, giveWay: new AbortController(), othersSinceMs: undefined },
  });
  const line = new WaitingLine<LinePlace>(() => nowMs);
  const [gone, second, third] = [place('gone'), place('second'), place('third')];
  for (const each of [gone, second, third]) line.enter(each);
  line.stepOut(gone, 100);
  line.leave(gone);
  line.stepOut(second, 200);
  line.leave(second);
  assert.deepEqual([line.positionOf(third), line.places], [2, [third]]);
  nowMs = 100;
  assert.equal(line.positionOf(third), 1);
  const again = place('second', true);
  line.enter(again);
  assert.deepEqual([line.isFirst(again), line.positionOf(third)], [true, 1]);
  line.leave(again);
  assert.equal(line.isFirst(third), true);
});

test('with plenty of room nobody waits; where it is scarce, those of unknown size go one at a time (R-101)', async t => {
  const bench = await benchWith(t, undefined);
  const many = await Promise.all(['a', 'b', 'c', 'd'].map(name => begin(bench, name)));
  await Promise.all(many.map(({ begun }) => begun));
  for (const each of many) each.finish();
  await Promise.all(many.map(({ done }) => done));
  assert.deepEqual(
    many.flatMap(({ waits }) => waits),
    [],
  );
  bench.settings = { ...bench.settings, maxBytes: 10 * MIB };
  const known = await begin(bench, 'known', { knownBytes: 4 * MIB });
  await known.begun;
  known.finish();
  await known.done;
  // One after the other: who asks at the same time may stand in the line in any order.
  const one = await begin(bench, 'one');
  await one.begun;
  const other = await begin(bench, 'other');
  await other.begun;
  const third = await begin(bench, 'third');
  await waiting(third);
  one.write(5 * MIB);
  one.finish();
  await third.begun;
  for (const each of [other, third]) each.finish();
  assert.deepEqual(await Promise.all([one, other, third].map(({ done }) => done)), ['done', 'done', 'done']);
});

test('what fills the disk beside others is stopped and made alone; what fills it alone fails and names what is in the way (R-100, R-102)', async t => {
  const bench = await benchWith(t, 10 * MIB);
  const small = await begin(bench, 'small', { knownBytes: 2 * MIB });
  await small.begun;
  const large = await begin(bench, 'large', { guessBytes: 2 * MIB });
  await large.begun;
  small.write(2 * MIB);
  large.write(9 * MIB);
  await waiting(large);
  assert.equal(large.runs, 1);
  small.finish();
  assert.equal(await small.done, 'done');
  await until(() => large.runs === 2);
  large.write(9 * MIB);
  large.finish();
  assert.equal(await large.done, 'done');
  await bench.cache.pin('/made-up/pinned', true);
  const directory = cloneDirectoryName('/made-up/pinned');
  await bench.records.change('/made-up/pinned', { directory, bytes: 3 * MIB, onDisk: true, sized: true });
  const tooLarge = await begin(bench, 'too-large', { knownBytes: 8 * MIB });
  const refused = await tooLarge.done;
  assert.ok(refused instanceof SluiceError);
  assert.equal(refused.code, 'cache_full');
  assert.match(
    refused.message,
    /1 MiB too little for cache.maxSize of 10 MiB; pinned repositories alone leave no room: pinned clones take 3/,
  );
  assert.equal(tooLarge.runs, 0);
});
