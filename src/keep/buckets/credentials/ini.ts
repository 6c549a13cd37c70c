import { SluiceError } from '../../../base/errors.ts';

export interface IniSection {
  readonly name: string;
  /** Keys in lower case; the last of repeated ones counts, as with the AWS tools. */
  readonly values: ReadonlyMap<string, string>;
}

/** The value of a key that has several names, compared without regard to case. An empty one counts as not given. */
export function settingOf({ values }: IniSection, names: readonly string[]): string | undefined {
  return names.map(name => values.get(name.toLowerCase())).find(value => value !== undefined && value !== '');
}

/**
 * Reads a file in the syntax of AWS's shared credentials file (AWS SDKs and Tools reference guide, "Shared config and
 * credentials files"): `[section]`, `key = value`, comments from `#` or `;` at the start of a line or after
 * white space. Indented lines below a key without value are nested settings (`s3 =`), which sluice has no
 * use for and skips. A repeated section adds to the first.
 * @param subject names the text in errors; a line's content is never quoted, it may be a secret
 * @throws SluiceError credentials_invalid naming every faulty line
 */
export function parseIni(text: string, subject: string): IniSection[] {
  const sections = new Map<string, Map<string, string>>();
  const faults: string[] = [];
  let current: Map<string, string> | undefined;
  let nested = false;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|[\r\n]/)
    .entries()) {
    const line = raw.replace(/(^|\s)[#;].*$/, '').trimEnd();
    if (line.trim() === '') continue;
    const header = /^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]$/.exec(line);
    if (header) {
      const name = (header[1] ?? '').replace(/^(["'])(.*)\1$/, '$2');
      if (name === '') faults.push(`line ${index + 1}: a section without a name`);
      current = sections.get(name) ?? new Map();
      sections.set(name, current);
      nested = false;
      continue;
    }
    if (nested && /^\s/.test(line)) continue;
    const equals = line.indexOf('=');
    if (equals < 1) faults.push(`line ${index + 1}: neither [profile] nor key = value`);
    else if (!current) faults.push(`line ${index + 1}: stands before the first [profile]`);
    else {
      const value = line.slice(equals + 1).trim();
      current.set(line.slice(0, equals).trim().toLowerCase(), value);
      nested = value === '';
    }
  }
  if (faults.length > 0) {
    throw new SluiceError('credentials_invalid', `${subject}: ${faults.join('; ')}`, { subject });
  }
  return [...sections].map(([name, values]) => ({ name, values }));
}
