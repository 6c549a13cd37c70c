/**
 * Text of others for a message: control characters and white space in one run are one space, and what is longer than
 * `maxLength` is cut, with `…` in its place. Pure.
 */
export function oneLine(text: string, maxLength = 300): string {
  const line = text
    .slice(0, 4 * maxLength)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\s]+/gu, ' ')
    .trim();
  return line.length > maxLength ? `${line.slice(0, maxLength - 1).toWellFormed()}…` : line;
}
