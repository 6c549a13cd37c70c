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
  // A line that ends in \r goes out at once, since progress must not wait; a \n that opens the next chunk
  // then belongs to it.
  let endedInReturn = false;
  for await (const chunk of chunks) {
    let text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (text === '') continue;
    if (endedInReturn && text.startsWith('\n')) text = text.slice(1);
    endedInReturn = text === '' ? false : text.endsWith('\r');
    const pieces = (rest + text).split(/\r\n|[\r\n]/);
    rest = (pieces.pop() ?? '').slice(0, maxChars);
    for (const piece of pieces) yield piece.slice(0, maxChars);
  }
  rest += decoder.decode();
  if (rest) yield rest.slice(0, maxChars);
}

const LINES_AT_ONCE = 500;

/** Lines with their ends, in pieces of some hundred: what is written line by line need never be in memory as a whole. */
export function* joinLines(lines: Iterable<string>): Generator<string> {
  let piece: string[] = [];
  for (const line of lines) {
    if (piece.push(line) < LINES_AT_ONCE) continue;
    yield `${piece.join('\n')}\n`;
    piece = [];
  }
  if (piece.length > 0) yield `${piece.join('\n')}\n`;
}
