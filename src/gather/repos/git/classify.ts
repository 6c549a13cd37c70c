import { asSluiceError, type ErrorCode, SluiceError } from '../../../base/errors.ts';
import { withoutCredentials } from '../../../base/text.ts';
import type { GitProtocol } from './environment.ts';
import { parseProgress } from './progress.ts';

/** How a git process ended, as far as it is needed to say why. */
export interface GitFailure {
  /** `git fetch` */
  readonly operation: string;
  readonly subject: string | undefined;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The process could not be started. */
  readonly error: Error | undefined;
  /** Last lines of standard error, cleaned, without progress. */
  readonly lines: readonly string[];
  readonly protocol?: GitProtocol | undefined;
  /** The file system that it wrote to had no room left when it failed. */
  readonly isDiskFull?: boolean;
}

interface Rule {
  readonly code: ErrorCode;
  readonly says: RegExp;
  /** Lines that the far side wrote ("remote: …") count too; else only what git said here. */
  readonly remoteToo?: boolean;
}

/**
 * First match wins, so what is certain stands before what follows from it: a full disk also breaks the
 * connection. Each message was seen from git 2.39 with curl 7.88 (GnuTLS) and OpenSSH 9.2, or comes from a
 * forge (GitHub and GitLab over ssh); test/gather/repos/git/classify.test.ts has them whole.
 */
const RULES: readonly Rule[] = [
  {
    code: 'disk_full',
    says: /No space left on device|Disk quota exceeded|Out of diskspace/,
  },
  // A limit of the process (ulimit -f), or of a file system such as FAT: no room that is made helps.
  { code: 'disk_failed', says: /File too large|File size limit exceeded/ },
  { code: 'repository_not_owned', says: /detected dubious ownership/ },
  {
    code: 'git_too_old',
    says: /unknown repository extension|unknown repository storage format|Expected git repo version/,
  },
  // Of a repository on this disk; git then says that its own other half hung up.
  { code: 'git_failed', says: /bad (numeric |boolean )?config/ },
  {
    code: 'repository_corrupt',
    says: /possible repository corruption on the remote side/,
    remoteToo: true,
  },
  {
    code: 'repository_corrupt',
    says: /could not fetch [0-9a-f]+ from promisor remote|[Cc]ould not read [0-9a-f]{40}|[Ff]ailed to traverse parents of commit/,
  },
  { code: 'host_key_changed', says: /REMOTE HOST IDENTIFICATION HAS CHANGED/ },
  { code: 'host_key_unknown', says: /Host key verification failed/ },
  {
    code: 'not_a_repository',
    says: /does not appear to be a git repository|access denied or repository not exported|is this a git repository\?|[Rr]epository .*not found|not a git repository|returned error: (404|410)|project you were looking for could not be found/,
    remoteToo: true,
  },
  {
    code: 'authentication_required',
    says: /could not read (Username|Password)|terminal prompts disabled|Authentication failed|Permission denied \([a-z,-]+\)|Too many authentication failures|returned error: (401|403|407)|Access denied/,
    remoteToo: true,
  },
  { code: 'repository_moved', says: /returned error: 30[1-8]|unable to update url base from redirection/ },
  {
    code: 'host_unknown',
    says: /Could not resolve (host|hostname|proxy)|unable to look up|Name or service not known|Temporary failure in name resolution|No address associated with hostname/,
  },
  { code: 'host_failing', says: /returned error: (429|5\d\d)|RPC failed; HTTP (429|5\d\d)/ },
  {
    code: 'host_unreachable',
    says: /Failed to connect to|unable to connect to|ssh: connect to host|Connection refused|No route to host|Network is unreachable/,
  },
  {
    code: 'timed_out',
    says: /Operation (timed out|too slow)|Timeout was reached|Connection timed out|timed out after/,
  },
  {
    code: 'connection_lost',
    says: /early EOF|hung up|unexpected disconnect|RPC failed|transfer closed|Connection (was )?reset|Broken pipe|Empty reply|Recv failure|recv error|SSL_read|SSL_ERROR_SYSCALL|Connection closed|expected flush after/,
  },
  { code: 'tls_failed', says: /SSL|TLS|certificate|gnutls/i },
  {
    code: 'repository_corrupt',
    says: /is corrupt|missing (blob|tree|commit|object)|bad object|did not send all necessary objects|bad pack header|pack (has|is) (bad|corrupt)|unable to (read|parse) (tree|object|commit|sha1)|inflate|SHA1 COLLISION|does not match index|not a valid object|packfile .* (cannot be accessed|too short)/,
  },
];

const DISK_FULL = { code: 'disk_full' } as const;
const FILE_TOO_LARGE = { code: 'disk_failed' } as const;

/** What a full disk looks like where git does not name it: it is killed in a mapped file, or breaks off. */
function mayBeTheDisk(code: ErrorCode | undefined): boolean {
  return code === undefined || code === 'connection_lost' || code === 'repository_corrupt';
}

/** What the message says of each; `where` is the subject. */
const WORDS: Partial<Record<ErrorCode, (where: string) => string>> = {
  disk_full: where => `no room left on the disk while working on ${where}`,
  disk_failed: where => `a file of ${where} would be larger than this machine or its file system allows`,
  git_too_old: where => `${where} is of a format that the git found here does not know`,
  repository_not_owned: where => `${where} belongs to another user, so git does not read it`,
  repository_corrupt: where => `objects of ${where} are missing or damaged`,
  host_key_changed: where => `the ssh host key of ${where} is another one than the one that is known here`,
  host_key_unknown: where => `the ssh host key of ${where} is not known here`,
  not_a_repository: where => `there is no git repository at ${where}`,
  authentication_required: where => `${where} wants credentials, or refuses the ones it got`,
  repository_moved: where => `${where} redirects to another address`,
  host_unknown: where => `the host of ${where} has no address`,
  host_failing: where => `the host of ${where} answered with an error of its own`,
  host_unreachable: where => `nothing answers at the host of ${where}`,
  timed_out: where => `${where} took too long to answer`,
  connection_lost: where => `the connection to ${where} broke`,
  tls_failed: where => `no secure connection to ${where}`,
};

/**
 * Turns a failed git process into an error that a person can act on and the engine can decide about.
 * Unknown failures are `git_failed` with git's last lines. Pure.
 */
export function classifyGitFailure(failure: GitFailure): SluiceError {
  const { operation, subject, error, lines, signal } = failure;
  const details = { operation, subject };
  if (error) return notStarted(error, details);
  const own = lines.filter(line => !line.startsWith('remote: '));
  const said =
    signal === 'SIGXFSZ'
      ? FILE_TOO_LARGE
      : RULES.find(({ says, remoteToo }) => (remoteToo ? lines : own).some(line => says.test(line)));
  const rule = failure.isDiskFull && mayBeTheDisk(said?.code) ? DISK_FULL : said;
  const where = subject ?? 'the repository';
  const saying = lastWords(lines);
  const words = rule && WORDS[rule.code];
  if (rule && words) {
    return new SluiceError(
      rule.code,
      saying === '' ? words(where) : `${words(where)} (git: ${saying})`,
      details,
    );
  }
  const how = signal ? `was killed by ${signal}` : `failed with status ${failure.status}`;
  const what = subject === undefined ? operation : `${operation} on ${subject}`;
  return new SluiceError('git_failed', `${what} ${how}${saying === '' ? '' : `: ${saying}`}`, details);
}

function notStarted(error: Error, details: { operation: string; subject: string | undefined }): SluiceError {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'EACCES') {
    return new SluiceError('git_missing', 'no git program was found on the PATH', {
      ...details,
      cause: error,
    });
  }
  return asSluiceError(error, details);
}

/** The lines that say what went wrong, last ones, on one line; the rest is git's advice. */
function lastWords(lines: readonly string[]): string {
  const reasons = lines.filter(line => /^(remote: )?(fatal|error|ERROR|ssh|warning: remote)\b/.test(line));
  return (reasons.length > 0 ? reasons : lines).slice(-3).join(' / ');
}

/** Whether a line of standard error is progress or a ref that moved as it should: neither explains a failure. */
export function isRoutine(line: string): boolean {
  return /^ [ *+=t-] \S|^From /.test(line) || parseProgress(line) !== undefined;
}

/**
 * A line of standard error as it may be logged and shown: the far side wrote part of it, so terminal escapes
 * and control characters go, and credentials in URLs and headers are masked.
 */
export function cleanLine(line: string): string {
  const plain = line
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escapes begin with one.
    .replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .replace(/(authorization:\s*)(\S+\s+)?\S+/gi, '$1***')
    .trimEnd();
  return withoutCredentials(plain.length > 500 ? `${plain.slice(0, 500)}…` : plain);
}
