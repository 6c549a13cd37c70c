import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ObjectHead, PutResult, UploadedPart } from './bucket.ts';

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

/** `checksum`: size and checksum agree; `size`: the size agrees and there is no checksum to compare. */
export type Verification = { readonly agrees: 'checksum' | 'size' } | { readonly differs: string };

/** Compares what HEAD answered with what was sent. ETags are not looked at: they are no checksums. */
export function verifyObject(head: ObjectHead, expected: ExpectedObject): Verification {
  if (head.size !== expected.size)
    return { differs: `${head.size} bytes arrived, ${expected.size} were sent` };
  if (head.crc32 === undefined) return { agrees: 'size' };
  const wanted = head.crc32.includes('-') ? expectedComposite(expected) : expected.crc32;
  if (wanted === undefined) return { agrees: 'size' };
  if (wanted === head.crc32) return { agrees: 'checksum' };
  return { differs: `its CRC32 is ${head.crc32}, that of what was sent ${wanted}` };
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
 * nothing, and nothing against it.
 */
export function isProven(result: PutResult, crc32OfBody: string, body: Uint8Array): boolean {
  if (result.confirmedCrc32 !== undefined) return result.confirmedCrc32 === crc32OfBody;
  return result.etag.replaceAll('"', '').toLowerCase() === hash('md5', body, 'hex');
}
