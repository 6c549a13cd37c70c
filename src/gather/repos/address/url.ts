import { resolve } from 'node:path';
import { domainToASCII, fileURLToPath } from 'node:url';
import { SluiceError } from '../../../base/errors.ts';
import { hostPage } from './host-page.ts';
import { type Disk, parseRepositoryPath, systemDisk } from './path.ts';
import { shownUrl } from './shown-url.ts';

/** Who wrote the text: what may be named depends on it. */
export type UrlSource = 'cli' | 'config' | 'api';

/** How a repository is reached; `file` for paths on this machine. */
export type RepositoryScheme = 'file' | 'git' | 'http' | 'https' | 'ssh';

/** A repository's address, taken apart and judged harmless. */
export interface RepositoryUrl {
  /**
   * The one spelling of it, by which the store knows the repository: `https://host/path`, `ssh://user@host/path`,
   * and for a repository on disk its plain absolute path (real, no `file://`, no trailing `/.git`).
   */
  readonly url: string;
  readonly scheme: RepositoryScheme;
  /** Group for limits: the host without port and brackets; `local` for paths. */
  readonly host: string;
  /** Port that the connection goes to; undefined for paths. */
  readonly port: number | undefined;
  /** What git is given: as `url`, but with `.git` or the scp-like form kept where they were written. */
  readonly remote: string;
}

/** Whose text it is, and what a path in it may name. */
export interface ParseUrlOptions {
  readonly from: UrlSource;
  /** Folders below which the API may name paths; the command line and the configuration may name any path. */
  readonly allowPaths?: readonly string[];
  /** Where relative paths start; the process's directory by default. */
  readonly directory?: string;
  /** The file system, for tests. */
  readonly disk?: Disk;
}

/** A user name and nothing else. */
const USER = /^[a-z0-9_][a-z0-9_.+-]*$/i;
/** Longer texts are no address of anything. */
const MAX_URL_BYTES = 2048;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ssh: 22, git: 9418 };

/**
 * Reads the address of a repository and brings it to its one spelling: trailing `/` and `.git` and
 * default ports dropped, host in lower case and IP addresses in their usual notation, `git@host:path` as
 * `ssh://git@host/path`; a user name without password, which https needs none of, dropped. Idempotent: the `url` of a result parses to itself. No network; the disk is read for
 * paths only.
 * @throws SluiceError `url_invalid`, `url_refused`, `url_has_credentials` (the secret is in none of its
 *   fields), `not_a_repository` for a path where nothing is
 */
export function parseRepositoryUrl(text: string, options: ParseUrlOptions): RepositoryUrl {
  refuseHostileText(text);
  if (/^[a-z]:([\\/]|$)/i.test(text) || text.startsWith('\\\\')) {
    throw invalid(text, 'is a Windows path; give a URL, or a path with forward slashes');
  }
  if (/^file:/i.test(text)) return parsePath(text, pathOfFileUrl(text), options);
  const schemed = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(.*)$/is.exec(text);
  if (schemed) return parseSchemed(text, schemed[1] ?? '', schemed[2] ?? '', schemed[3] ?? '');
  // git's own rule: a colon before the first slash makes it scp-like, everything else is a path.
  const scp = /^(?:([^@/]*)@)?(\[[^\]/]*\]|[^:/@[\]]*):(.*)$/s.exec(text);
  if (scp) return parseScpLike(text, scp[1], scp[2] ?? '', scp[3] ?? '');
  return parsePath(text, text, options);
}

/** What the store and the schedule know of an address: the URL in its one spelling, and the group for limits. */
export type RepositoryAddress = Pick<RepositoryUrl, 'url' | 'host'>;

/**
 * The address that a text of the configuration means. A path where no repository is (a disk that is not
 * mounted) is one all the same: its bakes fail and say so until it is there, and its rows are kept.
 * @param directory where relative paths start
 * @throws SluiceError `url_invalid`, `url_refused`, `url_has_credentials`
 */
export function configuredAddress(text: string, directory: string): RepositoryAddress {
  try {
    return parseRepositoryUrl(text, { from: 'config', directory });
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'not_a_repository') throw error;
    const path = /^file:/i.test(text) ? fileURLToPath(text) : text;
    return { url: resolve(directory, path), host: 'local' };
  }
}

function refuseHostileText(text: string): void {
  if (text === '') throw new SluiceError('url_invalid', 'the repository URL is empty');
  if (Buffer.byteLength(text) > MAX_URL_BYTES) {
    throw invalid(text, `is longer than ${MAX_URL_BYTES} bytes`);
  }
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) throw invalid(text, 'contains control characters');
  if (!text.isWellFormed()) throw invalid(text, 'is not valid Unicode');
  if (/^\s|\s$/.test(text)) throw invalid(text, 'begins or ends with white space');
  if (text.startsWith('-')) throw refused(text, 'begins with "-", which git would take for an option');
  if (/^[^/[]*::/.test(text)) throw refused(text, 'names a remote helper (transport::address)');
}

function parsePath(text: string, path: string, options: ParseUrlOptions): RepositoryUrl {
  const { from, allowPaths = [], directory = process.cwd(), disk = systemDisk } = options;
  const real = parseRepositoryPath(text, path, from === 'api' ? allowPaths : undefined, directory, disk);
  return { url: real, scheme: 'file', host: 'local', port: undefined, remote: real };
}

/** `file:///path` and `file://localhost/path`. */
function pathOfFileUrl(text: string): string {
  const match = /^file:\/\/(?:localhost)?(\/[^?#]*)$/i.exec(text);
  if (!match) throw invalid(text, 'is not of the form file:///path');
  let path: string;
  try {
    path = decodeURIComponent(match[1] ?? '');
  } catch (error) {
    throw invalid(text, 'has a broken % escape', error);
  }
  refuseHostileText(path);
  return path;
}

function parseSchemed(text: string, schemeText: string, authority: string, rest: string): RepositoryUrl {
  const scheme = schemeText.toLowerCase();
  if (scheme !== 'http' && scheme !== 'https' && scheme !== 'git' && scheme !== 'ssh') {
    throw invalid(text, 'has a scheme other than https, http, ssh, git');
  }
  const at = authority.lastIndexOf('@');
  const named = at < 0 ? undefined : authority.slice(0, at);
  // Only ssh needs to know who asks; a name that could hold more than a name is not passed over.
  if (named !== undefined && (scheme === 'ssh' ? named.includes(':') : !USER.test(named)))
    throw hasCredentials(text);
  const user = scheme === 'ssh' ? named : undefined;
  const [, hostText = '', portText] =
    /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s.exec(authority.slice(at + 1)) ?? [];
  // "https://user:pass/word@host/": the password's slash ends the authority, and the "port" is its first half.
  if (portText !== undefined && !/^\d*$/.test(portText) && rest.includes('@')) throw hasCredentials(text);
  refuseCharacters(text);
  const host = canonicalHost(text, hostText);
  const port = canonicalPort(text, portText, DEFAULT_PORTS[scheme] ?? 0);
  const shownPort = port === DEFAULT_PORTS[scheme] ? '' : `:${port}`;
  const prefix = `${scheme}://${user === undefined ? '' : `${checkedUser(text, user)}@`}${host}${shownPort}`;
  const typed = canonicalPath(text, rest, scheme === 'http' || scheme === 'https');
  const url = prefix + bare(text, typed);
  refusePage(text, host.replace(/^www\./, ''), url.slice(prefix.length));
  return { url, scheme, host: plainHost(host), port, remote: prefix + typed };
}

/** Somebody took it from a browser; git would find nothing there, and say only that. */
function refusePage(text: string, host: string, path: string): void {
  const page = hostPage(host, path);
  if (page === undefined) return;
  const shown = shownUrl(text);
  const [what, hint] =
    'isOwner' in page
      ? [`names an owner at ${host} and no repository`, 'List it as an owner under repos in sluice.yaml.']
      : [`is a page of a repository at ${host}`, `Give https://${host}/${page.isPageOf}.`];
  throw new SluiceError('url_invalid', `${shown} ${what}`, { subject: shown, hint });
}

function parseScpLike(text: string, user: string | undefined, hostText: string, path: string): RepositoryUrl {
  if (user?.includes(':')) throw hasCredentials(text);
  refuseCharacters(text);
  const host = canonicalHost(text, hostText);
  if (path.startsWith('-')) throw refused(text, 'has a path that begins with "-"');
  const prefix = `${user === undefined ? '' : `${checkedUser(text, user)}@`}${host}`;
  const typed = canonicalPath(text, `/${path}`, false);
  return {
    url: `ssh://${prefix}${bare(text, typed)}`,
    scheme: 'ssh',
    host: plainHost(host),
    port: 22,
    // "host:path" starts in the home directory there and "ssh://host/path" at the root: the form is kept.
    remote: path.startsWith('/') ? `ssh://${prefix}${typed}` : `${prefix}:${typed.slice(1)}`,
  };
}

function refuseCharacters(text: string): void {
  if (/\s/.test(text)) throw invalid(text, 'contains white space');
  if (text.includes('\\')) throw invalid(text, 'contains a backslash');
  if (/[?#]/.test(text)) throw invalid(text, 'has a query or fragment, which no repository URL needs');
  if (/%(?:[01][0-9a-f]|7f)/i.test(text)) throw invalid(text, 'contains escaped control characters');
}

/** A user name that no shell, ssh or log could read as anything else. */
function checkedUser(text: string, user: string): string {
  if (user.startsWith('-')) throw refused(text, 'has a user name that begins with "-"');
  if (!USER.test(user)) throw invalid(text, 'has a user name of unusual characters');
  return user;
}

/**
 * Lower case, punycode, no trailing dot; `0x7f.1` and other spellings of an IPv4 address as four decimal
 * numbers, as every resolver would read them (WHATWG URL, "host parser").
 */
function canonicalHost(text: string, host: string): string {
  if (host.startsWith('-')) throw refused(text, 'has a host that begins with "-"');
  if (!/^(?:\[[0-9a-f:.]+\]|[\p{L}\p{M}\p{N}._-]+)$/iu.test(host)) throw invalid(text, 'has no valid host');
  const ascii = domainToASCII(host).replace(/\.+$/, '');
  // Converted characters may themselves be dots or dashes, so what came out is judged again.
  if (!/^(?:\[[0-9a-f:.]+\]|[a-z0-9_][a-z0-9._-]*)$/.test(ascii) || ascii.length > 253) {
    throw invalid(text, 'has no valid host');
  }
  return ascii;
}

function plainHost(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

function canonicalPort(text: string, port: string | undefined, defaultPort: number): number {
  if (port === undefined) return defaultPort;
  // An empty one is lawful, but what is written so is "https://https://host/path".
  const number = /^\d{1,7}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) throw invalid(text, 'has no valid port');
  return number;
}

/** One slash between segments and none at the end; outside ASCII percent-encoded for HTTP, as curl would send it. */
function canonicalPath(text: string, path: string, encode: boolean): string {
  const single = path.replace(/\/+/g, '/').replace(/\/$/, '');
  if (single === '') throw invalid(text, 'names a host but no repository on it');
  if (single.split('/').some(segment => /^(?:\.|%2e){1,2}$/i.test(segment))) {
    throw invalid(text, 'has "." or ".." in its path');
  }
  return encode ? single.replace(/[^\p{ASCII}]+/gu, encodeURIComponent) : single;
}

/** The path less every `.git` and `/` at its end: once would not be idempotent. */
function bare(text: string, path: string): string {
  const short = path.replace(/(?:\.git|\/)+$/, '');
  if (short === '') throw invalid(text, 'names a host but no repository on it');
  return short;
}

function invalid(text: string, why: string, cause?: unknown): SluiceError {
  const shown = shownUrl(text);
  return new SluiceError('url_invalid', `${shown} ${why}`, { subject: shown, cause });
}

function refused(text: string, why: string): SluiceError {
  const shown = shownUrl(text);
  const hint = 'Give https://, http://, ssh://, git:// or user@host:path.';
  return new SluiceError('url_refused', `${shown} is refused: it ${why}`, { subject: shown, hint });
}

function hasCredentials(text: string): SluiceError {
  const shown = shownUrl(text);
  return new SluiceError('url_has_credentials', `${shown} carries a password`, {
    subject: shown,
  });
}
