import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../../src/base/errors.ts';
import { CallSlots } from '../../../../src/gather/changesets/hosts/call-slots.ts';
import { Batches } from '../../../../src/gather/changesets/sync/batches.ts';
import type {
  ChangesetResult,
  Forge,
  ForgeCallOptions,
  WantedChangeset,
} from '../../../../src/gather/forges/forge.ts';

const HOST = 'h';
const never = new AbortController().signal;
const wanted = (number: number): WantedChangeset => ({ ref: { host: HOST, repository: 'a/b', number } });
const missing = ({ ref }: WantedChangeset): ChangesetResult => ({
  outcome: 'missing',
  isRepositorySeen: true,
  ref,
  error: new SluiceError('forge_missing', 'gone'),
});

/** Batches of a host that answers what `answer` does; `requests` are the numbers that each request asked for. */
function batches(
  answer: (wanted: readonly WantedChangeset[], options?: ForgeCallOptions) => AsyncIterable<ChangesetResult>,
  { maxBatch = 50, perHost = 1 } = {},
) {
  const requests: number[][] = [];
  const forge = {
    fetchChangesets(all: readonly WantedChangeset[], options?: ForgeCallOptions) {
      requests.push(all.map(({ ref }) => ref.number));
      return answer(all, options);
    },
  } as unknown as Forge;
  const slots = new CallSlots(() => ({ overall: 10, perHost }));
  return { requests, made: new Batches({ of: () => forge }, slots, () => maxBatch) };
}

async function* answerAll(all: readonly WantedChangeset[]): AsyncGenerator<ChangesetResult> {
  for (const one of all) yield missing(one);
}

test('what is asked at about the same time goes in one request, the high priority first, as many as fit', async () => {
  const { made, requests } = batches(answerAll, { maxBatch: 3 });
  const asked = [1, 2, 3, 4].map(number => made.ask(wanted(number), 'normal', never));
  asked.push(made.ask(wanted(5), 'high', never));
  const results = await Promise.all(asked);
  assert.deepEqual(
    results.map(({ ref }) => ref.number),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual(requests, [
    [5, 1, 2],
    [3, 4],
  ]);
});

test('what is asked while the host is busy goes together once it is free', async () => {
  const gate = Promise.withResolvers<void>();
  const busy = Promise.withResolvers<void>();
  const { made, requests } = batches(async function* (all) {
    busy.resolve();
    await gate.promise;
    yield* answerAll(all);
  });
  const first = made.ask(wanted(1), 'normal', never);
  await busy.promise;
  const later = [2, 3].map(number => made.ask(wanted(number), 'normal', never));
  gate.resolve();
  await Promise.all([first, ...later]);
  assert.deepEqual(requests, [[1], [2, 3]]);
});

test('an error of the request is that of all that it left unanswered; silence on one is an error of its own', async () => {
  const broken = batches(async function* ([first]) {
    if (first) yield missing(first);
    throw new SluiceError('host_failing', 'broken');
  });
  const [one, two] = [1, 2].map(number => broken.made.ask(wanted(number), 'normal', never));
  assert.equal((await one)?.outcome, 'missing');
  await assert.rejects(two as Promise<unknown>, { code: 'host_failing' });
  const silent = batches(async function* () {});
  await assert.rejects(silent.made.ask(wanted(1), 'normal', never), { code: 'forge_answer_invalid' });
});

test('one that is aborted does not end the others’ request; when all are, the request ends', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const running = Promise.withResolvers<void>();
  const { made } = batches(async function* (all, options) {
    signals.push(options?.signal);
    running.resolve();
    await new Promise((_, reject) =>
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason)),
    );
    yield* answerAll(all);
  });
  const stops = [new AbortController(), new AbortController()];
  const asked = stops.map(({ signal }, index) => made.ask(wanted(index), 'normal', signal));
  const ends = Promise.allSettled(asked);
  await running.promise;
  stops[0]?.abort(new SluiceError('cancelled', 'the first'));
  assert.equal(signals[0]?.aborted, false);
  stops[1]?.abort(new SluiceError('cancelled', 'the second'));
  assert.equal(signals[0]?.aborted, true);
  assert.deepEqual(
    (await ends).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});
