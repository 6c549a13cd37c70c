import { devNull } from 'node:os';
import { OWNER_VARIABLE, ownMark } from './owner.ts';

/** Schemes that one run of git may use; `none` also stops lazy fetches of a partial clone. */
export type GitProtocol = 'none' | 'file' | 'git' | 'http' | 'https' | 'ssh';

/**
 * Variables of the caller's environment that say how to trust TLS, and nothing about which repository or command to
 * use.
 */
const KEPT_GIT_VARIABLES = new Set(['GIT_SSL_CAINFO', 'GIT_SSL_CAPATH']);

const SSH_CONNECT_TIMEOUT_MS = 30_000;

/**
 * The ssh command: never asks anything; never leaves a shared connection behind that would hold our pipes
 * open; never runs a command of the user's ssh configuration on this side; forwards nothing. Keys, agents,
 * aliases and jump hosts of that configuration go on working.
 * @param connectTimeoutMs how long the host may take to accept a connection
 */
export function sshCommand(connectTimeoutMs = SSH_CONNECT_TIMEOUT_MS): string {
  return [
    'ssh',
    '-o BatchMode=yes',
    `-o ConnectTimeout=${Math.ceil(connectTimeoutMs / 1000)}`,
    '-o ServerAliveInterval=30',
    '-o ControlMaster=no',
    '-o PermitLocalCommand=no',
    '-o ForwardAgent=no',
    '-o ClearAllForwardings=yes',
  ].join(' ');
}

/**
 * The whole environment of a git process. Every `GIT_*` variable of the caller goes: inside a hook or
 * `git rebase --exec` they would send us to another repository. No configuration but the clone's own and ours
 * is read, nothing asks for a password, replace refs and grafts do not rewrite history, messages come in English so
 * that they can be classified, and no missing object is fetched behind our back.
 */
export function gitEnvironment(
  inherited: NodeJS.ProcessEnv,
  protocol: GitProtocol,
  extra: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(inherited)) {
    const foreign = name.startsWith('GIT_') && !KEPT_GIT_VARIABLES.has(name);
    if (!foreign && !name.startsWith('LC_') && name !== 'LANGUAGE') environment[name] = value;
  }
  return {
    ...environment,
    LC_ALL: 'C',
    // curl reads ~/.netrc, git ~/.config/git/attributes; ssh finds its own files without HOME.
    HOME: devNull,
    XDG_CONFIG_HOME: devNull,
    GIT_ALLOW_PROTOCOL: protocol,
    GIT_ASKPASS: '',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_FLUSH: '0',
    GIT_GRAFT_FILE: devNull,
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_SSH_COMMAND: sshCommand(),
    GIT_SSH_VARIANT: 'ssh',
    GIT_TERMINAL_PROMPT: '0',
    [OWNER_VARIABLE]: ownMark(),
    SSH_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    ...extra,
  };
}

const CONFIGURATION = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.askPass=',
  'credential.helper=',
  // A redirect could lead to an address that was never checked.
  'http.followRedirects=false',
  'protocol.version=2',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  // One pack a fetch, never loose objects by the thousand; consolidated by `maintainClone`.
  'fetch.unpackLimit=1',
  'gc.auto=0',
  'maintenance.auto=false',
  // Malformed history is normal: what other gits accepted must not fail here.
  'transfer.fsckObjects=false',
];

/** Options that stand before every git subcommand. */
export const GIT_OPTIONS: readonly string[] = CONFIGURATION.flatMap(setting => ['-c', setting]);
