import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CommitPacker,
  CommitUnpacker,
  PACKET_BYTES,
  PACKET_COMMITS,
  type PackedCommits,
} from '../../../../src/gather/repos/history/packed-commits.ts';
import type {
  CommitRow,
  CommitRows,
  EncodedMessage,
  PersonIdentity,
} from '../../../../src/keep/store/types.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 }).map(value => value.replaceAll('\0', '.'));
const people = fc.array(fc.record({ name: text, email: text }, { noNullPrototype: true }), {
  minLength: 1,
  maxLength: 5,
});
const hash = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 40, maxLength: 40 });

const commit = (known: readonly PersonIdentity[]): fc.Arbitrary<CommitRow> =>
  fc.record(
    {
      hash,
      parents: fc.array(hash, { maxLength: 3 }),
      author: fc.constantFrom(...known),
      authoredAt: fc.nat(253_402_300_799),
      authoredZone: fc.integer({ min: -1440, max: 1440 }),
      committer: fc.constantFrom(...known),
      committedAt: fc.nat(253_402_300_799),
      committedZone: fc.integer({ min: -1440, max: 1440 }),
      subject: text,
      message: fc.option(text, { nil: undefined }).map(value => value || undefined),
      trailers: fc.option(text, { nil: undefined }).map(value => value || undefined),
      signed: fc.boolean(),
      coAuthors: fc.subarray([...known]),
    },
    { noNullPrototype: true },
  );
const batches = people.chain(known => fc.array(fc.array(commit(known), { maxLength: 6 }), { maxLength: 5 }));

/** Commits through packets as they go between threads: each in memory that is used again as soon as it was read. */
function throughPackets(
  commits: readonly CommitRow[],
  packer: CommitPacker,
  use: (packed: PackedCommits, bytes: Uint8Array) => void,
): void {
  const bytes = new Uint8Array(new SharedArrayBuffer(PACKET_BYTES));
  const pass = (): void => use(structuredClone(packer.take()), bytes);
  packer.begin(bytes);
  for (const commit of commits) {
    if (packer.add(commit)) continue;
    pass();
    packer.begin(bytes);
    assert.ok(packer.add(commit), 'an empty packet takes any commit');
  }
  pass();
}

test('commits come out of a packet as they went in, each person the same object in every batch', () => {
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 8 }), (all, mostPeople) => {
      const packer = new CommitPacker(mostPeople);
      const unpacker = new CommitUnpacker();
      const seen = new Map<PersonIdentity, PersonIdentity>();
      for (const commits of all) {
        throughPackets(commits, packer, (packed, bytes) => {
          if (packed.anew) seen.clear();
          const unpacked = unpacker.unpack(packed, bytes);
          assert.deepEqual([unpacked.length, [...unpacked]], [commits.length, commits]);
          assert.deepEqual([...unpacked], commits, 'as often as is wanted');
          for (const [index, { author }] of [...unpacked].entries()) {
            const written = commits[index]?.author as PersonIdentity;
            assert.equal(seen.get(written) ?? author, author);
            seen.set(written, author);
          }
        });
      }
    }),
  );
});

test('a packet ends where it is full, and a commit that is larger than any has one of its own', () => {
  const person: PersonIdentity = { name: 'A', email: 'a@x' };
  const sized = (at: number, characters: number, parents: number): CommitRow => ({
    hash: String(at).padStart(40, '0'),
    parents: Array.from({ length: parents }, (_, nth) => String(nth).padStart(40, 'f')),
    author: person,
    authoredAt: at,
    authoredZone: 0,
    committer: person,
    committedAt: at,
    committedZone: 0,
    subject: `subject ${at}`,
    message: '\u20ac'.repeat(characters) || undefined,
    trailers: undefined,
    signed: false,
    coAuthors: at % 2 === 0 ? [person] : [],
  });
  const commits = [
    ...Array.from({ length: 2 * PACKET_COMMITS }, (_, at) => sized(at, 0, 1)),
    ...Array.from({ length: 9 }, (_, at) => sized(at, 65_536, 0)),
    sized(1, 10, 20_000),
    sized(2, 0, 0),
  ];
  const counts: number[] = [];
  const read: CommitRow[] = [];
  const unpacker = new CommitUnpacker();
  throughPackets(commits, new CommitPacker(), (packed, bytes) => {
    counts.push(packed.count);
    read.push(...unpacker.unpack(packed, bytes));
  });
  assert.deepEqual(read, commits);
  assert.deepEqual(counts, [PACKET_COMMITS, PACKET_COMMITS, 2, 2, 2, 2, 1, 1, 1]);
});

/** Commits put together from rows without messages, and messages as bytes. */
function decoded({ encoded }: CommitRows): CommitRow[] | undefined {
  if (!encoded) return undefined;
  const messages = encoded.messages[Symbol.iterator]();
  return [...encoded.rows].map(row => {
    const found = messages.next().value as EncodedMessage | undefined;
    const { bytes, from = 0, messageBytes = 0, trailersBytes = 0 } = found ?? {};
    const end = from + messageBytes;
    const message = bytes?.toString('utf8', from, end);
    return { ...row, message, trailers: bytes?.toString('utf8', end, end + trailersBytes) || undefined };
  });
}

test('messages come out of a packet as bytes, too, unless there is a NUL in it (R-21)', () => {
  fc.assert(
    fc.property(batches, fc.boolean(), (all, withNul) => {
      const packer = new CommitPacker();
      const unpacker = new CommitUnpacker();
      for (const commits of all) {
        // Trailers are a part of a message.
        const whole = commits.map(each => (each.message ? each : { ...each, trailers: undefined }));
        const given = withNul ? whole.map(each => ({ ...each, message: 'a\0b' })) : whole;
        throughPackets(given, packer, (packed, bytes) => {
          const rows = decoded(unpacker.unpack(packed, bytes));
          assert.deepEqual(rows, withNul && given.length > 0 ? undefined : given);
        });
      }
    }),
  );
});
