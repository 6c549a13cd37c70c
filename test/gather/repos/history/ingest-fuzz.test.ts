import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HistoryWriter } from '../../../../src/keep/store/history.ts';
import type { GitFixture } from '../../../support/git-fixture.ts';
import { type Bench, openBench } from './support.ts';

/** Fields of `git log`, NUL between them: what the rows must agree with. */
const FIELDS = ['%H', '%P', '%an', '%ae', '%at', '%ad', '%cn', '%ce', '%ct', '%cd', '%s'];
const LATEST_SECOND = 253_402_300_799;

interface Shape {
  readonly parents: readonly number[];
  readonly name: string;
  readonly email: string;
  readonly seconds: number;
  readonly zone: string;
  readonly message: string;
}

const word = fc.oneof(
  fc.constantFrom('Ada', 'ada@x', '', 'Ünal', '王', 'O’Brien', "a'b", '%s', '🎉', 'co-authored-by:'),
  fc.string({ maxLength: 8 }).map(text => text.replace(/[\p{Cc}<>]/gu, '').trim()),
);

const shape = (index: number): fc.Arbitrary<Shape> =>
  fc.record({
    parents:
      index === 0
        ? fc.constant([])
        : fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: fc.constant(index - 1) }, fc.nat(index - 1)), {
            maxLength: 4,
          }),
    name: word,
    email: word,
    seconds: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 1_600_000_000, max: 1_600_001_000 }) },
      fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 + 5, 4_102_444_800, LATEST_SECOND),
    ),
    zone: fc.constantFrom('+0000', '-0000', '+0530', '-0930', '+1400', '+0099'),
    message: fc.array(word, { maxLength: 4 }).map(words => words.join('\n\n')),
  });

const history = fc
  .integer({ min: 1, max: 40 })
  .chain(size => fc.tuple(...Array.from({ length: size }, (_, index) => shape(index))));

/**
 * Refs by number to positions in the history. Sets of refs that follow one another make fetches, pushes and deletions.
 */
const refSets = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'e'), fc.nat(39)), {
  minLength: 1,
  maxLength: 4,
});

function build(git: GitFixture, shapes: readonly Shape[]): string[] {
  return git.commits(
    shapes.map(({ parents, name, email, seconds, zone, message }) => ({
      parents,
      author: `${name} <${email}> ${seconds} ${zone}`,
      committer: `${email} <${name}> ${seconds} ${zone}`,
      message,
    })),
  );
}

function refsOf(set: Readonly<Record<string, number>>, commits: readonly string[]): Map<string, string> {
  return new Map(
    Object.entries(set).map(([name, index]) => [`refs/heads/${name}`, commits[index % commits.length] ?? '']),
  );
}

function minutes(date: string): number {
  const zone = date.slice(date.lastIndexOf(' ') + 1);
  const digits = Number(zone.slice(1));
  const value = Math.trunc(digits / 100) * 60 + (digits % 100);
  return zone.startsWith('-') && value !== 0 ? -value : value;
}

/** What git says of every commit that the refs reach, as rows. */
function logOf(git: GitFixture): Map<string, readonly unknown[]> {
  const text = git
    .raw(['log', '--all', '--date=raw', '-z', `--format=${FIELDS.join('%x00')}`])
    .toString('utf8');
  const values = text === '' ? [] : text.split('\0');
  const rows = new Map<string, readonly unknown[]>();
  for (let at = 0; at + FIELDS.length <= values.length; at += FIELDS.length) {
    const [hash = '', parents = '', an, ae, aAt, aDate = '', cn, ce, cAt, cDate = '', subject = ''] =
      values.slice(at);
    rows.set(hash, [
      parents.replaceAll(' ', ''),
      an,
      ae,
      Number(aAt),
      minutes(aDate),
      cn,
      ce,
      Number(cAt),
      minutes(cDate),
      subject,
    ]);
  }
  return rows;
}

async function assertAgrees({ git, rows, store, repositoryId }: Bench): Promise<void> {
  const stored = new Map(
    [...(await rows())].map(([hash, row]) => [
      hash,
      [
        row.parents,
        row.author,
        row.email,
        row.authoredAt,
        row.authoredZone,
        row.committer,
        row.committerEmail,
        row.committedAt,
        row.committedZone,
        row.subject,
      ],
    ]),
  );
  const expected = logOf(git);
  assert.deepEqual(sorted(stored), sorted(expected));
  const totals = (await store.repositories.byId(repositoryId))?.totals;
  const all = [...expected.values()].map(row => Number(row[7]));
  // Dates of the first day of all, and those still to come, are of first and last only where there are no others.
  const endOfTomorrow = (Math.floor(Date.now() / 86_400_000) + 2) * 86_400;
  const thatCanBe = all.filter(seconds => seconds >= 86_400 && seconds < endOfTomorrow);
  const dates = thatCanBe.length > 0 ? thatCanBe : all;
  assert.deepEqual(totals, {
    commits: git.count(),
    authors: git.authors(),
    firstCommitAt: dates.length > 0 ? Math.min(...dates) : null,
    lastCommitAt: dates.length > 0 ? Math.max(...dates) : null,
  });
}

function sorted<T>(rows: ReadonlyMap<string, T>): [string, T][] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}

test('after any fetches, force-pushes and deletions the rows are what git says (R-21, R-23)', async t => {
  await fc.assert(
    fc.asyncProperty(history, refSets, async (shapes, sets) => {
      const bench = await openBench(t);
      const commits = build(bench.git, shapes);
      for (const set of sets) {
        bench.git.setRefs(refsOf(set, commits));
        await bench.ingest();
        await assertAgrees(bench);
      }
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

class Interruption extends Error {}

/** A writer that breaks off in one of its calls, before or after the call has taken effect. */
function breaking(writer: HistoryWriter, call: number, before: boolean): HistoryWriter {
  let calls = 0;
  const counted = new Set(['begin', 'append', 'remove', 'finish']);
  return new Proxy(writer, {
    get(target, name: keyof HistoryWriter) {
      const member: unknown = target[name];
      if (typeof member !== 'function') return member;
      const method = member as (...args: unknown[]) => unknown;
      if (!counted.has(name)) return method.bind(target);
      return async (...args: unknown[]) => {
        calls += 1;
        if (calls === call && before) throw new Interruption();
        const result = await method.apply(target, args);
        if (calls === call) throw new Interruption();
        return result;
      };
    },
  });
}

test('broken off at any point, and repeated with the same or newer refs, the rows are what git says (R-24)', async t => {
  const interruption = fc.record({ call: fc.integer({ min: 1, max: 9 }), before: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      refSets,
      fc.array(interruption, { maxLength: 3 }),
      fc.integer(),
      async (sets, breaks, seed) => {
        const bench = await openBench(t);
        // Long enough for several batches; every 7th commit merges an older one.
        const shapes = Array.from({ length: 700 }, (_, index) => ({
          parents:
            index === 0
              ? []
              : index % 7 === 6
                ? [index - 1, (index * 31 + (seed & 0xff)) % (index - 1)]
                : [index - 1],
          author: `P${index % 13} <p@x> ${1_600_000_000 + index} +0000`,
        }));
        const commits = bench.git.commits(shapes);
        const far = (set: Readonly<Record<string, number>>) =>
          Object.fromEntries(Object.entries(set).map(([name, index]) => [name, (index + 1) * 17]));
        for (const [step, set] of sets.entries()) {
          bench.git.setRefs(refsOf(far(set), commits));
          const broken = breaks[step];
          if (!broken) continue;
          await bench
            .ingest({ writer: breaking(bench.writer(), broken.call, broken.before) })
            .catch(error => {
              if (!(error instanceof Interruption)) throw error;
            });
        }
        await bench.ingest();
        await assertAgrees(bench);
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
});
