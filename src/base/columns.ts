/** How wide texts are on a terminal, and what makes them fit one: folded, or shortened in the middle. Pure. */

/** What a terminal draws in two columns: scripts of the East, their full-width forms, pictures. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
/** Marks upon other characters, joiners, and selectors of a form. */
const NARROW = /[\p{Mn}\p{Me}\p{Cf}]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they take no columns
const SEQUENCE = /\u001b\[[\d;]*[A-Za-z]/g;

/** How many columns a text takes; sequences for a terminal take none. */
export function textWidth(text: string): number {
  let columns = 0;
  for (const character of text.replace(SEQUENCE, '')) columns += widthOf(character);
  return columns;
}

function widthOf(character: string): number {
  if (character < '\u0300') return 1;
  return NARROW.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** The beginning of a text that takes so many columns at the most. */
export function clipped(text: string, columns: number): string {
  let left = columns;
  let end = 0;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

/** The text, or its beginning and its end: of paths and addresses the end says most. */
export function shortened(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  const head = clipped(text, Math.floor((columns - 1) / 3));
  const room = columns - 1 - textWidth(head);
  let tail = '';
  let taken = 0;
  for (const character of [...text].reverse()) {
    taken += widthOf(character);
    if (taken > room) break;
    tail = character + tail;
  }
  return `${head}…${tail}`;
}

/**
 * Each line in as many as it needs to fit, where the further ones stand below the text that they go on with. Words are
 * whole, for they may be paths that somebody copies: one that is wider than the terminal has a line of its own.
 */
export function folded(text: string, columns: number): string {
  return text
    .split('\n')
    .map(line => (textWidth(line) > columns ? foldedLine(line, columns) : line))
    .join('\n');
}

function foldedLine(line: string, columns: number): string {
  const hang = hangOf(line.replace(SEQUENCE, ''), columns);
  const lines: string[] = [];
  let current = '';
  let gap = '';
  for (const part of line.match(/ +|[^ ]+/g) ?? []) {
    if (part.startsWith(' ')) {
      gap = part;
      continue;
    }
    for (const piece of piecesOf(part, columns - hang)) {
      const goesOn = current.trim() !== '' && textWidth(current + gap + piece) > columns;
      if (goesOn) lines.push(current);
      // A name that is too long for its column moves to the left until it fits.
      const indent = Math.max(2, Math.min(hang, columns - textWidth(piece)));
      current = goesOn ? ' '.repeat(indent) + piece : current + gap + piece;
      gap = '';
    }
  }
  return [...lines, current].join('\n');
}

/** Facts in JSON are one word: it may go on after each. */
function piecesOf(word: string, space: number): readonly string[] {
  return textWidth(word) > space && /^\{"/.test(word.replace(SEQUENCE, ''))
    ? word.split(/(?<=,)(?=")/)
    : [word];
}

/** Where the text of a row's last column begins, as far as that leaves half of the terminal; else the line's own indent. */
function hangOf(line: string, columns: number): number {
  let hang = Math.max(2, /^ */.exec(line)?.[0].length ?? 0);
  for (const gap of line.matchAll(/(?<=\S) {2,}(?=\S)/g)) {
    const start = textWidth(line.slice(0, gap.index)) + gap[0].length;
    if (start > columns / 2) break;
    hang = start;
  }
  return hang > columns / 2 ? 2 : hang;
}
