/** A Markdown table; bars, line breaks and angle brackets outside of code are made harmless. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

function cell(text: string): string {
  const plain = text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  return plain.replace(/`[^`]*`|</g, part => (part === '<' ? '&lt;' : part));
}

/** Words set as code; nothing for nothing. */
export function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``;
}

export const GENERATED = '<!-- Made from the code by "npm run generate"; edit it there. -->';
