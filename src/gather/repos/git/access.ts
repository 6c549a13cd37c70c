import { isIP } from 'node:net';
import { SluiceError } from '../../../base/errors.ts';
import type { RepositoryUrl } from '../address/url.ts';
import { credentialAccess, type HttpCredentials } from './credentials.ts';
import { type GitProtocol, sshCommand } from './environment.ts';
import { type GitVersion, isAtLeast } from './version.ts';

/** A repository and how to get at it. */
export interface Remote extends RepositoryUrl {
  /** Where it is now, when its own address redirects there: every connection goes to this place instead. */
  readonly place?: RepositoryUrl | undefined;
  /** For its host, over http and https, when that asks for them. */
  readonly credentials?: HttpCredentials;
  /**
   * Connect to these addresses of the host and no others, whatever the resolver says by then (from
   * `publicAddresses`). With an HTTP proxy in the environment it is the proxy that resolves.
   */
  readonly addresses?: readonly string[];
  /** A repository on this disk is read whoever owns it. */
  readonly trustsOwner?: boolean | undefined;
  /** How long its host may take to accept a connection; git's and curl's own patience (minutes) when absent. */
  readonly connectTimeoutMs?: number;
}

/** A connection in git's terms. */
export interface Access {
  /** What git is given as the repository; belongs behind `--`. */
  readonly url: string;
  readonly protocol: GitProtocol;
  /** Options before the subcommand. */
  readonly config: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What serves a repository on this disk, where it is not git's own; a shell reads it. */
  readonly uploadPack?: string | undefined;
}

/** First git with `http.curloptResolve`. */
const PINNING_GIT: GitVersion = [2, 37, 0];

/**
 * How git reaches a remote. Pure.
 * @param url one of `remoteSpellings(remote)`
 * @throws SluiceError `git_too_old` when addresses must be pinned over HTTP and git cannot (before 2.37)
 */
export function accessTo(remote: Remote, url: string, git: GitVersion): Access {
  const { credentials } = remote;
  const { scheme } = remote.place ?? remote;
  const isHttp = scheme === 'http' || scheme === 'https';
  const answer = isHttp && credentials ? credentialAccess(url, credentials) : undefined;
  const pin = pinOf(remote, url, git);
  if (scheme === 'file')
    return { url, protocol: scheme, config: [], env: {}, uploadPack: localUploadPack(remote) };
  return {
    url: pin.url ?? url,
    protocol: scheme,
    config: [...(pin.config ?? []), ...(answer?.config ?? [])],
    env: { ...answer?.env, ...pin.env },
  };
}

/**
 * A repository on this disk may be left lean too, whatever its own configuration says, and hides nothing by grafts. What
 * git takes it from is the command line alone, and not the process that starts it.
 */
function localUploadPack({ trustsOwner }: Remote): string {
  const trust = trustsOwner ? "-c 'safe.directory=*' " : '';
  return `GIT_GRAFT_FILE=/dev/null git ${trust}-c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack`;
}

function pinOf(remote: Remote, url: string, git: GitVersion): Partial<Access> {
  const { addresses, connectTimeoutMs } = remote;
  const { scheme, host, port } = remote.place ?? remote;
  const [first] = addresses ?? [];
  const command = sshCommand(connectTimeoutMs);
  if (addresses === undefined || first === undefined || isIP(host) !== 0 || scheme === 'file') {
    return scheme === 'ssh' ? { env: { GIT_SSH_COMMAND: command } } : {};
  }
  if (scheme === 'ssh') {
    // known_hosts names a host by its alias alone, so a port other than 22 belongs to the alias.
    const alias = port === 22 ? host : `[${host}]:${port}`;
    return { env: { GIT_SSH_COMMAND: `${command} -o HostName=${first} -o 'HostKeyAlias=${alias}'` } };
  }
  if (scheme === 'git') {
    const place = isIP(first) === 6 ? `[${first}]` : first;
    const path = url.replace(/^git:\/\/[^/]*/, '');
    // Virtual hosting of git daemon goes by the name (git(1), connect.c).
    return { url: `git://${place}:${port}${path}`, env: { GIT_OVERRIDE_VIRTUAL_HOST: `${host}:${port}` } };
  }
  if (!isAtLeast(git, PINNING_GIT)) {
    throw new SluiceError(
      'git_too_old',
      `git ${git.join('.')} cannot pin an address: 2.37 or newer is needed here`,
      {
        hint: 'Install a newer git, set git.allowPrivateAddresses, or use the command line.',
      },
    );
  }
  const list = addresses.map(address => (isIP(address) === 6 ? `[${address}]` : address)).join(',');
  return { config: ['-c', `http.curloptResolve=${host}:${port}:${list}`] };
}

/**
 * Spellings of a remote to try, in this order: one row stands for several, and servers differ. GitLab
 * redirects `…/name` to `…/name.git`; plain ssh servers take `host:path` from the home directory, forges do not care.
 * @param preferred the one that worked the last time comes first; ignored when it is none of them
 */
export function remoteSpellings(
  remote: RepositoryUrl & Pick<Remote, 'place'>,
  preferred?: string,
): readonly string[] {
  const { scheme, url, remote: written } = remote.place ?? remote;
  if (scheme === 'file') return [written];
  const spellings =
    scheme === 'ssh'
      ? [written, url, url.replace(/^(ssh:\/\/[^/]+\/)(?!~)/, '$1~/')]
      : [written, url, `${url}.git`];
  return [
    ...new Set(
      preferred !== undefined && spellings.includes(preferred) ? [preferred, ...spellings] : spellings,
    ),
  ];
}
