import { hash } from 'node:crypto';
import type { ObjectHead, PutResult, UploadedPart } from './bucket.ts';
import { crc32 } from './crc32.ts';

/** CRC32 (ISO-HDLC, as S3's x-amz-checksum-crc32) in the form that S3 gives it: base64 of four big-endian bytes. */
export function crc32Base64(value: number): string {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString('base64');
}

/** CRC32 of one buffer, in S3's form. */
export function crc32Of(body: Uint8Array): string {
  return crc32Base64(crc32(body));
}

/** The checksum that S3 shows for an object made of parts: CRC32 over the parts' CRC32s, `-` and their number. */
export function compositeCrc32(partChecksums: readonly string[]): string {
  const joined = Buffer.concat(partChecksums.map(text => Buffer.from(text, 'base64')));
  return `${crc32Of(joined)}-${partChecksums.length}`;
}

/** Reflected polynomial of CRC32. */
const POLYNOMIAL = 0xedb88320;

/** Product of two polynomials modulo the CRC's, both in reflected bit order. */
function multiply(left: number, right: number): number {
  let product = 0;
  let factor = right;
  for (let bit = 31; bit >= 0; bit -= 1) {
    if ((left >>> bit) & 1) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product >>> 0;
}

/**
 * CRC32 of two runs of bytes from the CRC32s of each and the length of the second, without reading either again: the
 * first is multiplied by x^(8·length).
 */
export function joinCrc32(first: number, second: number, secondBytes: number): number {
  let power = 0x00800000; // x^8: one byte further
  let shift = 0x80000000; // x^0: one
  for (let rest = secondBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = multiply(power, shift);
    power = multiply(power, power);
  }
  return (multiply(shift >>> 0, first) ^ second) >>> 0;
}

/** CRC32 of a whole object from those of its parts, in S3's form; undefined when a part has none. */
export function wholeCrc32(parts: readonly UploadedPart[]): string | undefined {
  let whole = 0;
  for (const part of parts.toSorted((a, b) => a.partNumber - b.partNumber)) {
    if (part.crc32 === undefined) return undefined;
    whole = joinCrc32(whole, Buffer.from(part.crc32, 'base64').readUInt32BE(), part.size);
  }
  return crc32Base64(whole);
}

export interface ExpectedObject {
  readonly size: number;
  /** CRC32 of the whole, where known. */
  readonly crc32?: string;
  /** The parts it was made of, where it was: their composite is what many servers show. */
  readonly parts?: readonly UploadedPart[];
}

/**
 * `checksum`: a checksum agrees, and no size is against it; `size`: the size agrees and there is no checksum to compare;
 * `open`: nothing was told that could be compared.
 */
export type Verification =
  | { readonly agrees: 'checksum' | 'size' }
  | { readonly differs: string }
  | { readonly open: string };

/**
 * Compares what HEAD answered with what was sent. ETags are looked at only where the object was made of parts whose own
 * are known: they are no checksums of content. Pure.
 */
export function verifyObject(head: ObjectHead, expected: ExpectedObject): Verification {
  if (head.size !== undefined && head.size !== expected.size)
    return { differs: `${head.size} bytes arrived, ${expected.size} were sent` };
  const agrees = head.crc32 === undefined ? undefined : crc32Agrees(head.crc32, expected);
  if (agrees === true) return { agrees: 'checksum' };
  if (agrees === false) {
    const wanted = expected.crc32 ?? expectedComposite(expected);
    return { differs: `its CRC32 is ${head.crc32?.slice(0, 20)}, that of what was sent ${wanted}` };
  }
  if (head.size !== undefined) return { agrees: 'size' };
  if (isMadeOf(head.etag, expected.parts)) return { agrees: 'size' };
  return { open: 'the store tells neither its size nor its checksum' };
}

/**
 * Whether a CRC32 that a store shows is that of what was sent: of the whole, or of its parts, with or without their number.
 * Undefined where there is nothing to compare it with, or where it is the last part's alone, as some gateways have it.
 */
function crc32Agrees(shown: string, expected: ExpectedObject): boolean | undefined {
  const composite = expectedComposite(expected);
  const bare = bareCrc32(shown);
  const known = [expected.crc32, composite].filter(one => one !== undefined).map(bareCrc32);
  if (shown.includes('-') && composite === undefined) return undefined;
  if (known.includes(bare)) return true;
  const last = expected.parts?.toSorted((a, b) => a.partNumber - b.partNumber).at(-1)?.crc32;
  const isLastAlone = last !== undefined && (expected.parts?.length ?? 0) > 1 && bareCrc32(last) === bare;
  return known.length === 0 || isLastAlone ? undefined : false;
}

/** Base64 without padding and without the number of parts. */
function bareCrc32(text: string): string {
  return text.replace(/-\d+$/, '').replace(/=+$/, '');
}

/** Whether two ETags are the same, with or without quotes and the mark of a weak one. Pure. */
export function sameETag(left: string, right: string): boolean {
  return bareETag(left) === bareETag(right);
}

function bareETag(etag: string): string {
  return etag.replace(/^W\//i, '').replaceAll('"', '').toLowerCase();
}

/**
 * Whether an object's ETag is that of an upload of these very parts: the MD5 of their ETags, which are MD5s as well, and
 * their number, as Amazon and most others have it. Pure.
 */
export function isMadeOf(etag: string, parts: readonly UploadedPart[] | undefined): boolean {
  const etags = parts?.toSorted((a, b) => a.partNumber - b.partNumber).map(part => bareETag(part.etag)) ?? [];
  if (etags.length === 0 || !etags.every(one => /^[0-9a-f]{32}$/.test(one))) return false;
  const digest = hash('md5', Buffer.from(etags.join(''), 'hex'), 'hex');
  return bareETag(etag) === `${digest}-${etags.length}`;
}

function expectedComposite(expected: ExpectedObject): string | undefined {
  const parts = expected.parts?.toSorted((a, b) => a.partNumber - b.partNumber);
  const checksums = parts?.map(part => part.crc32);
  if (!checksums?.every(text => text !== undefined)) return undefined;
  return compositeCrc32(checksums);
}

/**
 * Whether the answer to putObject proves that the store holds this very content: it names the CRC32 of what it
 * received, or its ETag is the content's MD5. An ETag that is no MD5 (parts, encryption with a key of one's own) proves
 * nothing, and nothing against it. Pure.
 */
export function isProven(result: PutResult, crc32OfBody: string, body: Uint8Array): boolean {
  if (result.confirmedCrc32 !== undefined) return bareCrc32(result.confirmedCrc32) === bareCrc32(crc32OfBody);
  return bareETag(result.etag) === hash('md5', body, 'hex');
}

/**
 * Whether the answers to an upload in parts prove it: each part's named the CRC32 of what it received, and the last one
 * the ETag, or the CRC32, of these very parts. Pure.
 */
export function isProvenInParts(result: PutResult, parts: readonly UploadedPart[]): boolean {
  const areConfirmed =
    parts.length > 0 &&
    parts.every(
      ({ crc32, confirmedCrc32 }) =>
        crc32 !== undefined && confirmedCrc32 !== undefined && bareCrc32(crc32) === bareCrc32(confirmedCrc32),
    );
  if (!areConfirmed) return false;
  const whole = { size: 0, crc32: wholeCrc32(parts), parts };
  const { confirmedCrc32 } = result;
  return (
    isMadeOf(result.etag, parts) ||
    (confirmedCrc32 !== undefined && crc32Agrees(confirmedCrc32, whole) === true)
  );
}
