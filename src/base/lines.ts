/**
 * Splits a stream of text chunks into lines, at `\n`, `\r\n` or a lone `\r` (git rewrites its progress
 * line with carriage returns). The last line needs no end.
 * @param maxChars a longer line is cut there and its rest dropped, so that a hostile stream cannot fill memory
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer | string>,
  maxChars = 65_536,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const pieces = rest.split(/\r\n|[\r\n]/);
    // A carriage return at the very end may be the first half of \r\n; an empty extra line does no harm to readers.
    rest = pieces.pop() ?? '';
    if (rest.length > maxChars) rest = rest.slice(0, maxChars);
    for (const piece of pieces) yield piece.slice(0, maxChars);
  }
  if (rest) yield rest;
}
