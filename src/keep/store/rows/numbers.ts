const COMMA = 44;
const ZERO = 48;

/**
 * The numbers of a text like `12,13,40`, as a database joins them: several times as fast as splitting it.
 * @param to where they are added
 * @returns `to`
 */
export function readNumbers(text: string, to: number[] = []): number[] {
  let number = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COMMA) {
      to.push(number);
      number = 0;
    } else number = number * 10 + code - ZERO;
  }
  to.push(number);
  return to;
}
