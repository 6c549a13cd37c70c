import assert from 'node:assert/strict';
import { endianness } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEvents, IN } from '../../../../src/deliver/intake/watch/inotify-events.ts';
import { decodeName, isUnspeakable, shownName } from '../../../../src/deliver/intake/watch/names.ts';

/** As the kernel lays it out: the name is padded with NULs to a multiple of 16 bytes, at least one NUL. */
function encode(watch: number, mask: number, name: Uint8Array): Buffer {
  const padded = name.length === 0 ? 0 : Math.ceil((name.length + 1) / 16) * 16;
  const words = endianness() === 'LE' ? 'writeUInt32LE' : 'writeUInt32BE';
  const event = Buffer.alloc(16 + padded);
  event[words](watch >>> 0, 0);
  event[words](mask, 4);
  event[words](padded, 12);
  event.set(name, 16);
  return event;
}

const nameBytes = fc.uint8Array({ maxLength: 255 }).map(bytes => bytes.filter(byte => byte !== 0));
const event = fc.record({
  watch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  mask: fc.constantFrom(IN.CLOSE_WRITE, IN.CREATE + IN.ISDIR, IN.Q_OVERFLOW, IN.MOVED_TO),
  name: nameBytes,
});

test('any run of events is read back as it was written', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), events => {
      const bytes = Buffer.concat(events.map(({ watch, mask, name }) => encode(watch, mask, name)));
      const expected = events.map(({ watch, mask, name }) => ({ watch, mask, name: decodeName(name) }));
      assert.deepEqual(decodeEvents(bytes), expected);
    }),
  );
});

test('a run cut short is an error, never half an event', () => {
  fc.assert(
    fc.property(event, fc.nat(300), ({ watch, mask, name }, cut) => {
      const bytes = encode(watch, mask, name);
      fc.pre(cut > 0 && cut < bytes.length);
      assert.throws(() => decodeEvents(bytes.subarray(0, cut)), RangeError);
    }),
  );
});

test('a name is itself when it is UTF-8, and distinct from every real name when it is not (D-20)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), name => {
      fc.pre(!name.includes('\0') && name.isWellFormed());
      assert.equal(decodeName(Buffer.from(name)), name);
    }),
  );
  const bad = decodeName(Uint8Array.from([0x63, 0xe9, 0x0a]));
  assert.deepEqual([isUnspeakable(bad), shownName(bad)], [true, 'c\\xe9\\x0a']);
});
