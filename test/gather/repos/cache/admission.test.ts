import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decideAdmission,
  FIRST_GUESS_BYTES,
  type Growth,
  type HeldClone,
  type RoomAnswer,
  type RoomSituation,
  type RoomWish,
  usualSizes,
} from '../../../../src/gather/repos/cache/admission.ts';

const UNKNOWN: RoomWish = { expectedBytes: undefined, isMeasured: false, isAlone: false, isUrgent: false };
const measured = (expectedBytes: number): RoomWish => ({ ...UNKNOWN, expectedBytes, isMeasured: true });
const guessed = (expectedBytes: number): RoomWish => ({ ...UNKNOWN, expectedBytes });
const growth = (reservedBytes: number, grownBytes = 0, of: Partial<Growth> = {}): Growth => ({
  reservedBytes,
  grownBytes,
  isUnknown: false,
  isAlone: false,
  ...of,
});
const unknown = { isUnknown: true };
const clone = (url: string, bytes: number, of: Partial<HeldClone> = {}): HeldClone => ({
  url,
  bytes,
  lastUsedAtMs: 1,
  pinned: false,
  inUse: of.heldBy !== undefined && of.heldBy !== null,
  heldBy: null,
  ...of,
});

/** A disk with so much left for clones, where they usually take 10 and at most 40. */
function disk(leftBytes: number, of: Partial<RoomSituation> = {}): RoomSituation {
  return {
    clones: [],
    room: { freeBytes: leftBytes, minFreeBytes: 0, usedBytes: 0, maxBytes: undefined },
    growths: [],
    foreignBytes: 0,
    busy: of.growths?.length ?? 0,
    usual: { quartileBytes: 10, largestBytes: 40 },
    ...of,
  };
}

/** `admit 10 of 30` (reserved, of what evictions must make room for), `wait work`, `refuse 5`. */
function inWords(admission: RoomAnswer): string {
  switch (admission.answer) {
    case 'admit':
      return `admit ${admission.reservedBytes} of ${admission.neededBytes}`;
    case 'wait':
      return `wait ${admission.on}`;
    case 'refuse':
      return `refuse ${admission.short.missingBytes}`;
  }
}

test('what does not fit beside others waits for them, and fails only where it does not fit alone (R-100, R-101)', () => {
  const alone = { isAlone: true };
  const table: readonly [RoomWish, RoomSituation, string][] = [
    [measured(50), disk(50), 'admit 50 of 50'],
    [measured(50), disk(49), 'refuse 1'],
    [measured(50), disk(100, { growths: [growth(50)] }), 'admit 50 of 100'],
    [measured(50), disk(99, { growths: [growth(50)] }), 'wait work'],
    [measured(50), disk(60, { growths: [growth(50, 40)] }), 'admit 50 of 60'],
    // One that outgrew its leave takes nothing from the leave of the other.
    [measured(50), disk(60, { growths: [growth(50, 900), growth(20, 0)] }), 'wait work'],
    [measured(50), disk(49, { busy: 1 }), 'wait work'],
    [measured(50), disk(20, { clones: [clone('a', 30)] }), 'admit 50 of 50'],
    [measured(50), disk(20, { clones: [clone('a', 30, { pinned: true })] }), 'refuse 30'],
    [measured(50), disk(20, { clones: [clone('a', 30, { heldBy: 'others' })] }), 'wait others'],
    [measured(50), disk(20, { clones: [clone('a', 29, { heldBy: 'others' })] }), 'refuse 30'],
    [measured(50), disk(20, { foreignBytes: 30 }), 'wait others'],
    [measured(50), disk(20, { clones: [clone('a', 30, { heldBy: 'waiter' })] }), 'wait waiter'],
    // The host's guess is no reason to refuse.
    [guessed(50), disk(20), 'admit 0 of 0'],
    [guessed(50), disk(20, { growths: [growth(5)] }), 'wait work'],
    [guessed(50), disk(-1), 'refuse 1'],
    // Nobody knows how large: with plenty of room nobody waits, where it is scarce one goes at a time.
    [UNKNOWN, disk(1000, { growths: [growth(10, 0, unknown), growth(10, 5, unknown)] }), 'admit 10 of 25'],
    [UNKNOWN, disk(80, { growths: [growth(10, 0, unknown)] }), 'admit 10 of 20'],
    [UNKNOWN, disk(79, { growths: [growth(10, 0, unknown)] }), 'wait work'],
    [UNKNOWN, disk(79, { growths: [growth(10)] }), 'admit 10 of 20'],
    [UNKNOWN, disk(12), 'admit 10 of 10'],
    [UNKNOWN, disk(9), 'admit 0 of 0'],
    [UNKNOWN, disk(9, { growths: [growth(5)] }), 'wait work'],
    [UNKNOWN, disk(-1), 'refuse 1'],
    // One that has filled the disk beside others has it for itself.
    [{ ...measured(50), ...alone }, disk(1000, { growths: [growth(1)] }), 'wait work'],
    [{ ...measured(50), ...alone }, disk(1000), 'admit 50 of 50'],
    [{ ...measured(50), ...alone }, disk(40), 'refuse 10'],
    [measured(1), disk(1000, { growths: [growth(50, 0, alone)] }), 'wait work'],
  ];
  for (const [wish, situation, words] of table)
    assert.equal(inWords(decideAdmission(wish, situation)), words, JSON.stringify({ wish, situation }));
});

test('sizes that are usual are those of the clones here (R-101)', () => {
  assert.deepEqual(usualSizes([]), { quartileBytes: FIRST_GUESS_BYTES, largestBytes: FIRST_GUESS_BYTES });
  assert.deepEqual(usualSizes([0, 7, 1000, 5, 6]), { quartileBytes: 7, largestBytes: 1000 });
  assert.deepEqual(usualSizes([3]), { quartileBytes: 3, largestBytes: 3 });
});

/** One clone in a simulation: what it will take, and what is known of that. */
interface Bake {
  readonly bytes: number;
  readonly knows: 'size' | 'guess' | 'nothing';
}

test('whatever comes in whatever order, all that fit alone are made, and whoever waits waits for somebody (R-100)', () => {
  const bakes = fc.array(
    fc.record<Bake>({
      bytes: fc.integer({ min: 1, max: 60 }),
      knows: fc.constantFrom('size', 'guess', 'nothing'),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(
      bakes,
      fc.integer({ min: 1, max: 200 }),
      fc.infiniteStream(fc.nat(2)),
      (list, sizeBytes, chance) => {
        const waiting = [...list];
        const growing: { bake: Bake; growth: Growth; grown: number }[] = [];
        let made: number[] = [];
        for (let steps = 0; waiting.length + growing.length > 0; steps += 1) {
          assert.ok(steps < 1000, 'it goes on');
          const used =
            made.reduce((sum, bytes) => sum + bytes, 0) + growing.reduce((sum, { grown }) => sum + grown, 0);
          const situation = disk(sizeBytes - used, {
            clones: made.map((bytes, index) => clone(`made ${index}`, bytes)),
            growths: growing.map(({ growth: leave, grown }) => ({ ...leave, grownBytes: grown })),
          });
          const [next] = waiting;
          const expectedBytes = next?.knows === 'nothing' ? undefined : next?.bytes;
          const admission =
            next &&
            decideAdmission({ ...UNKNOWN, expectedBytes, isMeasured: next.knows === 'size' }, situation);
          if (admission?.answer === 'admit') {
            waiting.shift();
            for (let left = admission.neededBytes - (sizeBytes - used); left > 0; )
              left -= made.shift() ?? left;
            const { reservedBytes, isUnknown } = admission;
            growing.push({ bake: next as Bake, growth: growth(reservedBytes, 0, { isUnknown }), grown: 0 });
          } else if (admission?.answer === 'refuse') {
            assert.ok(growing.length === 0 && (next as Bake).bytes > sizeBytes - 0, 'it fits not even alone');
            waiting.shift();
          } else {
            assert.ok(growing.length > 0, 'whoever waits waits for somebody');
          }
          const index = (chance.next().value ?? 0) % Math.max(1, growing.length);
          const one = growing[index];
          if (!one) continue;
          one.grown += Math.ceil(one.bake.bytes / 2);
          if (one.grown < one.bake.bytes) continue;
          growing.splice(index, 1);
          // One that the disk has no room for is stopped by the watch.
          if (one.bake.bytes <= sizeBytes) made = [...made, one.bake.bytes];
          const over = (): number =>
            made.reduce((sum, bytes) => sum + bytes, 0) +
            growing.reduce((sum, { grown }) => sum + grown, 0) -
            sizeBytes;
          while (over() > 0 && made.length > 0) made.shift();
        }
      },
    ),
    { numRuns: 200 },
  );
});
