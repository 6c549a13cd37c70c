import { SluiceError } from '../../../base/errors.ts';
import { splitLines } from '../../../base/lines.ts';
import { PackedRefsBuilder } from '../../../keep/store/packed-refs.ts';
import type { ObjectId, RefSnapshot } from '../../../keep/store/types.ts';
import { type Access, accessTo, type Remote, remoteSpellings } from './access.ts';
import { isObjectId } from './id-set.ts';
import { Patience, type TooSlow } from './patience.ts';
import { readBytesOf } from './process-figures.ts';
import { reach } from './reach.ts';
import { isRefName, refNameOf } from './ref-names.ts';
import { runGit, spawnGit } from './spawn.ts';
import { requireGit } from './version.ts';

/** What a remote says it has. */
export interface RemoteRefs {
  /** Branches, and tags where asked; full names, see `refNameOf`. */
  readonly refs: RefSnapshot;
  /** The branch that its HEAD names; undefined when there is none, or HEAD is detached or unborn. */
  readonly head: string | undefined;
  /** The commit of a HEAD that is no branch's tip. */
  readonly detachedHead: ObjectId | undefined;
  /** Undefined for an empty repository, which does not say. */
  readonly objectFormat: 'sha1' | 'sha256' | undefined;
  /** Refs that are neither branch nor tag; 0 when `head` was not asked for. */
  readonly otherRefs: number;
  /** How git got there, credentials included: not to be logged or stored. */
  readonly access: Access;
  /** Which of `remoteSpellings` it was: to be preferred the next time. */
  readonly spelling: string;
}

/** What of a remote is asked for, and for how long. */
export interface LsRemoteOptions {
  readonly signal?: AbortSignal;
  /**
   * For the whole call, not just silence, and once more each time that 64 KiB of the listing have come, where the system
   * tells that; 60 s by default.
   */
  readonly timeoutMs?: number;
  /** What git may take of the memory; `MAX_LISTING_BYTES` by default. */
  readonly maxMemoryBytes?: number;
  /** For the whole call, however well the listing comes; half an hour by default. */
  readonly longestMs?: number;
  /** Spelling of the remote to try first (`RemoteRefs.spelling` of an earlier call). */
  readonly preferred?: string;
  /** Also refs/tags; true by default. */
  readonly tags?: boolean;
  /**
   * Also HEAD; true by default. Without it only branches and tags travel, which is a hundredth where a forge
   * shows every pull request as a ref.
   */
  readonly head?: boolean;
}

/** With more refs than this that are neither branch nor tag, a listing is asked for without HEAD where that will do. */
export const MANY_OTHER_REFS = 2000;
const DEFAULT_TIMEOUT_MS = 60_000;
/** However well it comes: by then it is out of date. */
const LONGEST_LISTING_MS = 30 * 60_000;
const LISTING_PIECE_BYTES = 64 * 2 ** 10;
/** For several million refs; a listing without an end takes this in some seconds. */
const MAX_LISTING_BYTES = 2 ** 30;

/**
 * Asks a remote for its refs without fetching anything. All spellings of the remote are tried while they
 * lead nowhere. Safe to repeat; leaves nothing on disk.
 * @throws SluiceError as classified; `timed_out` when the whole call takes too long
 */
export async function lsRemote(remote: Remote, options: LsRemoteOptions = {}): Promise<RemoteRefs> {
  const git = await requireGit();
  const { timeoutMs = DEFAULT_TIMEOUT_MS, longestMs = LONGEST_LISTING_MS } = options;
  const limits = { bytes: LISTING_PIECE_BYTES, withinMs: timeoutMs, longestMs };
  const patience = new Patience(limits, why => tooSlow(remote, why), options.signal);
  try {
    await reach(remote, patience.signal);
    let first: unknown;
    for (const url of remoteSpellings(remote, options.preferred)) {
      try {
        return { ...(await list(remote, accessTo(remote, url, git), options, patience)), spelling: url };
      } catch (error) {
        first ??= error;
        if (!leadsNowhere(error)) throw error;
      }
    }
    // The spelling that was asked for says best what is wrong.
    throw first;
  } finally {
    patience.close();
  }
}

/** Whether another spelling of the remote is worth a try. */
export function leadsNowhere(error: unknown): boolean {
  return error instanceof SluiceError && ['not_a_repository', 'repository_moved'].includes(error.code);
}

function tooSlow(remote: Remote, why: TooSlow): SluiceError {
  const ms = why.kind === 'stalled' ? why.forMs : why.afterMs;
  const seconds = Math.round(ms / 100) / 10;
  const message =
    why.kind === 'stalled'
      ? `${remote.url} did not list its refs within ${seconds} s, nor went on with it`
      : `${remote.url} was not done with listing its refs after ${seconds} s`;
  return new SluiceError('timed_out', message, { operation: 'git ls-remote', subject: remote.url });
}

async function list(
  remote: Remote,
  access: Access,
  options: LsRemoteOptions,
  patience: Patience,
): Promise<Omit<RemoteRefs, 'spelling'>> {
  const { signal } = patience;
  const { tags = true, head = true } = options;
  // A listing that names HEAD is always of all refs; only branches and tags alone can be asked for by prefix.
  const branchesAndTags = tags ? ['--heads', '--tags'] : ['--heads'];
  const wanted = head ? ['--symref'] : branchesAndTags;
  const served = access.uploadPack === undefined ? [] : [`--upload-pack=${access.uploadPack}`];
  const git = spawnGit([...access.config, 'ls-remote', ...wanted, ...served, '--', access.url], {
    protocol: access.protocol,
    env: access.env,
    signal,
    subject: remote.url,
    maxMemoryBytes: options.maxMemoryBytes ?? MAX_LISTING_BYTES,
  });
  git.stdin.end();
  const { pid } = git;
  // Until it has all of them, git itself says nothing.
  if (pid !== undefined) patience.watch(() => readBytesOf(pid));
  const collector = new RefCollector(tags);
  // Names are bytes.
  git.stdout.setEncoding('latin1');
  for await (const line of splitLines(git.stdout)) collector.add(line);
  await git.done;
  if (!collector.any && !(await speaksGit(remote, access, signal))) {
    throw new SluiceError(
      'not_a_repository',
      `there is no git repository at ${remote.url}, only something else`,
      {
        operation: 'git ls-remote',
        subject: remote.url,
      },
    );
  }
  return { ...collector.result(), access };
}

/**
 * A web page in place of a repository reads as "dumb HTTP" without refs; only the packets distinguish it from an empty
 * repository.
 */
async function speaksGit(remote: Remote, access: Access, signal: AbortSignal): Promise<boolean> {
  if (access.protocol !== 'http' && access.protocol !== 'https') return true;
  let sawPackets = false;
  await runGit([...access.config, 'ls-remote', '--', access.url], {
    protocol: access.protocol,
    env: { ...access.env, GIT_TRACE_PACKET: '1' },
    signal,
    subject: remote.url,
    onStderrLine: line => {
      sawPackets ||= /packet: +\S+< (# service=git-upload-pack|version [12])/.test(line);
    },
  });
  return sawPackets;
}

/** What a ref without content is listed with: it names nothing, and asking for that would fail for all. */
function isNull(id: ObjectId): boolean {
  return /^0+$/.test(id);
}

/** Reads `git ls-remote --symref` line by line. */
class RefCollector {
  any = false;
  #otherRefs = 0;
  readonly #refs = new PackedRefsBuilder();
  readonly #tags: boolean;
  #symref: string | undefined;
  #headId: ObjectId | undefined;

  constructor(tags: boolean) {
    this.#tags = tags;
  }

  add(line: string): void {
    const tab = line.indexOf('\t');
    if (tab < 0) return;
    const value = line.slice(0, tab);
    const raw = line.slice(tab + 1);
    this.any = true;
    // "name^{}" is what an annotated tag points to; what else is no name of a ref would be none in a clone either.
    if (raw !== 'HEAD' && !isRefName(raw)) return;
    const name = refNameOf(raw);
    if (value.startsWith('ref: ')) {
      if (name === 'HEAD') this.#symref = refNameOf(value.slice('ref: '.length));
    } else if (!isObjectId(value) || isNull(value)) return;
    else if (name === 'HEAD') this.#headId = value;
    else if (name.startsWith('refs/heads/')) this.#refs.add(name, value);
    else if (!name.startsWith('refs/tags/')) this.#otherRefs += 1;
    else if (this.#tags) this.#refs.add(name, value);
  }

  result(): Omit<RemoteRefs, 'access' | 'spelling'> {
    const refs = this.#refs.take();
    const head = this.#headBranch(refs);
    const anyId = this.#headId ?? refs.values().next().value;
    return {
      refs,
      otherRefs: this.#otherRefs,
      head,
      detachedHead: head === undefined ? this.#headId : undefined,
      objectFormat: anyId === undefined ? undefined : anyId.length === 64 ? 'sha256' : 'sha1',
    };
  }

  /**
   * Servers before symref support name only HEAD's commit: then the likeliest branch with that tip, as git clone does.
   */
  #headBranch(refs: RefSnapshot): string | undefined {
    if (this.#symref !== undefined) return refs.has(this.#symref) ? this.#symref : undefined;
    if (this.#headId === undefined) return undefined;
    const usual = ['refs/heads/main', 'refs/heads/master'];
    return [...usual, ...refs.keys()].find(
      name => name.startsWith('refs/heads/') && refs.get(name) === this.#headId,
    );
  }
}
