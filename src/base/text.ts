/**
 * Replaces user name and password in every URL of a text: nothing that is logged, stored or shown may hold
 * them. A password may itself hold an `@`, so all up to the last one before the path goes.
 */
export function withoutCredentials(text: string): string {
  // Looks behind, not ahead from each letter on: a long text without any URL costs its length, not the square of it.
  return text.replace(/(?<=[a-z0-9+.-]:\/\/)[^/?#\s]+@/gi, '***@');
}

/** Whether there is an encoding of this name (a label of the Encoding Standard). Pure. */
export function isCharset(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}

/** `a`, `a or b`, `a, b or c`. */
export function inWords(words: readonly string[], conjunction: 'and' | 'or'): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}

/**
 * The candidate that a mistyped word most likely meant, or undefined when none is near. One slip (a letter
 * missing, extra, wrong, or two swapped) is allowed for every three letters, and one at least; case is no slip.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** How many letters must be put in, taken out, replaced, or swapped with their neighbour (optimal string alignment). */
export function editDistance(from: string, to: string): number {
  let twoBack: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, (twoBack[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    [twoBack, previous] = [previous, current];
  }
  return previous[to.length] ?? 0;
}

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

/**
 * JSON in which no character can steer a terminal: DEL, the controls from U+0080 on, and what turns the direction of text
 * or ends a line are escaped, which JSON leaves as they are. It means the same. Pure.
 */
export function escapeForTerminal(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * As `escapeForTerminal`, for JSON whose texts are shown to people as they are: its escaped controls become U+FFFD.
 * Pure.
 */
export function withoutControls(json: string): string {
  return escapeForTerminal(json).replace(/\\(?:u[0-9a-f]{4}|.)/gi, escaped =>
    /^\\(?:u00[01]|u007f|u00[89]|u202[89a-e]|u206[6-9]|[bfr]$)/i.test(escaped) ? '\ufffd' : escaped,
  );
}

/**
 * Whether a text where a path belongs is the address of something on a network, or a URI of a database's: taken for a
 * path it would only make odd folders. Pure.
 */
export function isUri(text: string): boolean {
  return /^([a-z][a-z0-9+.-]*:\/\/|(file|sqlite3?|postgres(ql)?|mysql|mariadb):)/i.test(text);
}

/** Whether a text is the address of a Postgres, as every client of one takes it, and no path. */
export function isPostgresAddress(text: string): boolean {
  return /^postgres(ql)?:\/\//i.test(text);
}

/** Text that every database holds: NUL is stood for by a sign, so that people see that there was something. */
export function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\u2400') : text;
}

/** JSON that every database reads: without NUL, and without halves of characters. */
export function portableJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'string' ? withoutNul(each.toWellFormed()) : each,
  );
}
