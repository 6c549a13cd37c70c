import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StationProblem } from '../../../src/client/client.ts';
import { type Part, type PartAnswer, Rows } from '../../../src/web/parts/list/rows.ts';

/** A list of numbers, largest first, that a station would answer from; `asked` tells what was asked for. */
function station(total: number) {
  let numbers = Array.from({ length: total }, (_, at) => total - at);
  const asked: Part[] = [];
  const moves: number[] = [];
  let waiting = Promise.resolve();
  const rows = new Rows<number>({
    ask: async (part): Promise<PartAnswer<number>> => {
      asked.push(part);
      await waiting;
      const { offset, limit } = part;
      return { rows: numbers.slice(offset, offset + limit), total: numbers.length };
    },
    keyOf: String,
    onMoved: places => moves.push(places),
  });
  return {
    ...{ rows, asked, moves },
    set: (next: number[]) => {
      numbers = next;
    },
    get: () => numbers,
    holdUntil: (until: Promise<void>) => {
      waiting = until;
    },
  };
}

/** Resolves once something came of a question. */
function next(rows: Rows<number>): Promise<void> {
  const before = rows.version.value;
  return new Promise(resolve => {
    const off = rows.version.subscribe(version => {
      if (version === before) return;
      queueMicrotask(() => off());
      resolve();
    });
  });
}

const view = (first: number, end: number) => ({ first, end, seenFirst: first });

test('only parts in view are asked for, and none that went out of view before its turn (W-60)', async () => {
  const { rows, asked, holdUntil } = station(100_000);
  const gate = Promise.withResolvers<void>();
  holdUntil(gate.promise);
  const first = next(rows);
  rows.look(view(0, 30));
  rows.look(view(40_000, 40_030));
  rows.look(view(90_010, 90_040));
  gate.resolve();
  await first;
  if (rows.at(90_010) === undefined) await next(rows);
  assert.deepEqual(asked, [
    { offset: 0, limit: 100 },
    { offset: 90_000, limit: 100 },
  ]);
  assert.equal(rows.at(90_010), 9_990);
  assert.equal(rows.at(40_010), undefined);
  assert.equal(rows.total, 100_000);
});

test('rows that come or go above what is seen are noticed, however many (W-64)', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { rows, moves, set, get } = station(1_000);
  const loaded = next(rows);
  rows.look(view(500, 530));
  await loaded;
  const change = async (numbers: number[]): Promise<void> => {
    set(numbers);
    const told = next(rows);
    rows.refresh();
    t.mock.timers.tick(2_000);
    await told;
  };
  await change([1003, 1002, 1001, ...get()]);
  assert.deepEqual(moves, [3]);
  assert.equal(rows.at(503), 500);
  // More than are asked for around it.
  await change([...Array.from({ length: 400 }, (_, at) => 2_000 - at), ...get()]);
  assert.deepEqual(moves, [3, 400]);
  assert.equal(rows.at(903), 500);
  // The first row that is seen goes itself: the next one stays where it is.
  await change(get().filter(one => one < 1_990 && one !== 500));
  assert.equal(moves.at(-1), -12);
  assert.equal(rows.at(892), 499);
  rows.end();
});

test('what could not be answered is asked for again by itself, what was refused is not (W-2, W-60)', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const status of [500, 422]) {
    let asked = 0;
    const rows = new Rows<number>({
      ask: async () => {
        asked += 1;
        if (asked === 1) throw new StationProblem('not now', { status });
        return { rows: [7], total: 1 };
      },
      keyOf: String,
      onMoved: () => undefined,
    });
    const failed = next(rows);
    rows.look(view(0, 1));
    await failed;
    assert.equal(rows.error?.message, 'not now');
    const answered = next(rows);
    t.mock.timers.tick(60_000);
    if (status === 500) await answered;
    assert.deepEqual([asked, rows.at(0)], status === 500 ? [2, 7] : [1, undefined]);
    rows.end();
  }
});
