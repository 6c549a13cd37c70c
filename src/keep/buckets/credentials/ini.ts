import { SluiceError } from '../../../base/errors.ts';

/** Where a setting stands, for messages. */
export interface IniPlace {
  readonly path: string;
  readonly line: number;
}

/** What a header of AWS's files can be; `other` are sections that only the AWS tools know. */
export type IniSectionKind = 'profile' | 'sso-session' | 'services' | 'other';

export interface IniSection {
  /** Without the word before it: `[profile x]` and `[sso-session x]` are both called `x`. */
  readonly name: string;
  /** A profile where absent. */
  readonly kind?: IniSectionKind;
  /** Keys in lower case; those of a block below `s3 =` are `s3.key`. */
  readonly values: ReadonlyMap<string, string>;
  /** Where each key stands; of a section that comes from no file there is none. */
  readonly places?: ReadonlyMap<string, IniPlace>;
  /** Where the header stands. */
  readonly place?: IniPlace;
}

/** The value of a key that has several names, compared without regard to case. An empty one counts as not given. */
export function settingOf({ values }: IniSection, names: readonly string[]): string | undefined {
  return names.map(name => values.get(name.toLowerCase())).find(value => value !== undefined && value !== '');
}

/** "line 7", for the first of these keys that has a value; undefined where the section comes from no file. */
export function lineOf({ values, places }: IniSection, names: readonly string[]): string | undefined {
  const key = names.map(name => name.toLowerCase()).find(name => (values.get(name) ?? '') !== '');
  const place = key === undefined ? undefined : places?.get(key);
  return place && `line ${place.line}`;
}

/** Whether a file is read as AWS's credentials file or as its config, where a profile is `[profile x]` or `[default]`. */
export type IniDialect = 'credentials' | 'config';

/**
 * Keys whose values never hold a blank, so that ` #` and ` ;` after one begin a comment, as AWS's SDKs have it. Of all
 * others the whole line is the value, as the AWS command line has it: `/mnt/Bob #2` is a folder.
 */
const ENDS_AT_COMMENT = new Set([
  'aws_access_key_id',
  'aws_secret_access_key',
  'aws_session_token',
  'aws_region',
  'aws_default_region',
  'aws_endpoint',
  'aws_endpoint_url',
  'region',
  'endpoint',
  'endpoint_url',
  'role_arn',
  'mfa_serial',
  'duration_seconds',
  'credential_source',
  'sso_start_url',
  'sso_region',
  'sso_account_id',
]);

/** Keys of sluice's own, beside AWS's: whole lines, and quotes around one are not part of it. */
const OWN_KEYS = new Set(['provider', 'path', 'addressing_style', 'checksum', 'transport']);

/** A key that has one value on its line, never a block below it. */
function isPlainKey(key: string): boolean {
  return ENDS_AT_COMMENT.has(key) || OWN_KEYS.has(key);
}

/** What can only be meant for a profile: below another key it was surely indented by mistake. */
const ONLY_OF_PROFILES = new Set([
  'provider',
  'path',
  'aws_access_key_id',
  'aws_secret_access_key',
  'aws_session_token',
]);

/** A section that is being read. */
interface OpenSection {
  readonly name: string;
  readonly kind: IniSectionKind;
  readonly values: Map<string, string>;
  readonly places: Map<string, IniPlace>;
  readonly place: IniPlace;
}

/** The last key of a section: what an indented line below it may belong to. */
interface OpenKey {
  readonly key: string;
  readonly indent: number;
  readonly isEmpty: boolean;
}

/**
 * Reads a file as the AWS command line reads it (AWS SDKs and Tools reference guide, "Shared config and credentials
 * files"; Python's configparser, which that command uses): `[section]`, `key = value` or `key: value`, comments on lines
 * of their own. Lines that are indented deeper than a key without value are a block below it (`s3 =`). What that command
 * would refuse or swallow (a section or key twice, a line that continues a value) is a fault here, or taken as the key
 * that it surely is.
 * @param subject names the text in errors; a line's content is never quoted, it may be a secret
 * @throws SluiceError credentials_invalid naming every faulty line
 */
export function parseIni(text: string, subject: string, dialect: IniDialect = 'credentials'): IniSection[] {
  const { sections, faults } = readIni(text, subject, dialect);
  if (faults.length > 0) {
    throw new SluiceError('credentials_invalid', `${subject}: ${faults.join('; ')}`, { subject });
  }
  return sections;
}

/** As `parseIni`, with what is wrong as words beside what could be read. Pure. */
export function readIni(
  text: string,
  path: string,
  dialect: IniDialect = 'credentials',
): { readonly sections: IniSection[]; readonly faults: string[] } {
  const reader = new Reader(path, dialect);
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|[\r\n]/);
  for (const [index, line] of lines.entries()) reader.read(line, index + 1);
  return { sections: [...reader.sections.values()], faults: reader.faults };
}

class Reader {
  readonly sections = new Map<string, OpenSection>();
  readonly faults: string[] = [];
  readonly #path: string;
  readonly #dialect: IniDialect;
  #section: OpenSection | undefined;
  #above: OpenKey | undefined;
  /** Lines before the first header are told once. */
  #hasOrphan = false;

  constructor(path: string, dialect: IniDialect) {
    this.#path = path;
    this.#dialect = dialect;
  }

  read(raw: string, line: number): void {
    const stripped = raw.trim();
    if (stripped === '' || /^[#;]/.test(stripped)) return;
    if (stripped.startsWith('[')) this.#header(stripped, line);
    else if (!this.#section) this.#orphan(line);
    else this.#setting(this.#section, stripped, indentOf(raw), line);
  }

  #fault(line: number, words: string): void {
    this.faults.push(`line ${line}: ${words}`);
  }

  #orphan(line: number): void {
    if (!this.#hasOrphan) this.#fault(line, 'stands before the first [profile]');
    this.#hasOrphan = true;
  }

  #header(stripped: string, line: number): void {
    this.#above = undefined;
    const header = /^\[([^[\]]*)\]\s*(?:[#;].*)?$/.exec(stripped);
    const parsed = header ? headerOf(header[1] ?? '', this.#dialect) : 'is not of the form [profile]';
    const place = { path: this.#path, line };
    if (typeof parsed === 'string') {
      this.#fault(line, parsed);
      // What follows belongs to it, and is no fault of its own.
      this.#section = { name: '', kind: 'other', values: new Map(), places: new Map(), place };
      return;
    }
    const id = `${parsed.kind} ${parsed.name}`;
    const before = this.sections.get(id);
    if (before) this.#fault(line, `"${parsed.name}" is there already, on line ${before.place.line}`);
    this.#section = { ...parsed, values: new Map(), places: new Map(), place };
    if (!before) this.sections.set(id, this.#section);
  }

  #setting(section: OpenSection, stripped: string, indent: number, line: number): void {
    const split = /^([^=:]*?)\s*[=:]\s*(.*)$/.exec(stripped);
    const key = (split?.[1] ?? '').toLowerCase();
    const above = this.#above;
    const isBelow = above !== undefined && indent > above.indent;
    const keyFault = split ? faultOfKey(key) : 'neither [profile] nor key = value';
    if (keyFault !== undefined) {
      const continues = isBelow && !above.isEmpty && !split;
      this.#fault(line, continues ? 'continues the line above it; a value is one line' : keyFault);
      return;
    }
    const isInBlock = isBelow && above.isEmpty && !isPlainKey(above.key);
    if (!isInBlock) {
      const value = meantValue(key, split?.[2] ?? '');
      this.#put(section, key, value, line);
      this.#above = { key, indent, isEmpty: value === '' };
    } else if (section.kind === 'profile' && ONLY_OF_PROFILES.has(key)) {
      this.#fault(line, `${key} stands indented below "${above.key} =", as part of it; indent both alike`);
    } else {
      this.#put(section, `${above.key}.${key}`, meantValue(key, split?.[2] ?? ''), line);
    }
  }

  #put(section: OpenSection, key: string, value: string, line: number): void {
    const before = section.places.get(key);
    if (before) this.#fault(line, `${key} is there already, on line ${before.line}`);
    section.values.set(key, value);
    section.places.set(key, { path: this.#path, line });
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** A header's kind and name, or what is wrong with it. */
function headerOf(
  text: string,
  dialect: IniDialect,
): { readonly name: string; readonly kind: IniSectionKind } | string {
  const trimmed = text.trim();
  const [, word, rest] = /^(\S+)\s+(.+)$/.exec(trimmed) ?? [];
  const name = unquoted(rest ?? trimmed);
  if (name === '') return 'a section without a name';
  if (/\p{Cc}/u.test(name)) return 'the name of the section holds a control character';
  if (word === 'profile') return { name, kind: 'profile' };
  if (word === 'sso-session' || word === 'services') return { name, kind: word };
  if (/^(profile|sso-session|services)$/i.test(word ?? '')) {
    return `AWS knows "${word?.toLowerCase()}" in lower case only`;
  }
  const isProfile = dialect === 'credentials' || trimmed === 'default';
  return { name: unquoted(trimmed), kind: isProfile ? 'profile' : 'other' };
}

function faultOfKey(key: string): string | undefined {
  if (key === '') return 'there is nothing before the =';
  if (key.startsWith('export ')) return '"export" is for shells; write key = value';
  if (/\p{Cc}/u.test(key)) return 'holds a control character; is this a text file?';
  if (/\s/.test(key)) return 'the name before the = holds a blank';
  return undefined;
}

function meantValue(key: string, written: string): string {
  if (!isPlainKey(key)) return written;
  const [value = ''] = ENDS_AT_COMMENT.has(key) ? written.split(/\s[#;]/, 1) : [written];
  return unquoted(value.trim());
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;
}
