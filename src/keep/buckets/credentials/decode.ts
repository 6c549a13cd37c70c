/**
 * The text of a file that people edit with whatever is at hand: UTF-8, or UTF-16 as Windows editors write it, with its
 * mark or without. What is no UTF-8 becomes U+FFFD, which no value may hold. Pure.
 */
export function decodeCredentials(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return utf16(bytes.subarray(2), 'utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return utf16(bytes.subarray(2), 'utf-16be');
  const zeros = zeroShares(bytes.subarray(0, 1024));
  // Text in Latin letters has a zero in every other byte.
  if (zeros.odd > 0.6 && zeros.even < 0.1) return utf16(bytes, 'utf-16le');
  if (zeros.even > 0.6 && zeros.odd < 0.1) return utf16(bytes, 'utf-16be');
  return bytes.toString('utf8');
}

function utf16(bytes: Buffer, encoding: 'utf-16le' | 'utf-16be'): string {
  return new TextDecoder(encoding).decode(bytes);
}

/** How many of the bytes at even and at odd places are zero, as shares. */
function zeroShares(bytes: Buffer): { readonly even: number; readonly odd: number } {
  let even = 0;
  let odd = 0;
  for (const [index, byte] of bytes.entries()) {
    if (byte !== 0) continue;
    if (index % 2 === 0) even += 1;
    else odd += 1;
  }
  const half = Math.max(1, bytes.length / 2);
  return { even: even / half, odd: odd / half };
}
