import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommitPacker, CommitUnpacker } from '../../../../src/gather/repos/history/packed-commits.ts';
import type { CommitRow, PersonIdentity } from '../../../../src/keep/store/types.ts';

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

test('commits come out of a packet as they went in, each person the same object in every batch', () => {
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 8 }), (all, mostPeople) => {
      const packer = new CommitPacker(mostPeople);
      const unpacker = new CommitUnpacker();
      const seen = new Map<PersonIdentity, PersonIdentity>();
      for (const commits of all) {
        for (const commit of commits) packer.add(commit);
        assert.equal(packer.count, commits.length);
        // As between threads.
        const packed = structuredClone(packer.take());
        if (packed.anew) seen.clear();
        const unpacked = unpacker.unpack(packed);
        assert.deepEqual([unpacked.length, [...unpacked]], [commits.length, commits]);
        assert.deepEqual([...unpacked], commits, 'as often as is wanted');
        for (const [index, { author }] of [...unpacked].entries()) {
          const written = commits[index]?.author as PersonIdentity;
          assert.equal(seen.get(written) ?? author, author);
          seen.set(written, author);
        }
      }
    }),
  );
});
