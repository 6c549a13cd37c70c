import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../../../src/base/errors.ts';
import { classifyGitFailure, cleanLine } from '../../../../src/gather/repos/git/classify.ts';

const failed = (lines: readonly string[], subject?: string) =>
  classifyGitFailure({ operation: 'git fetch', subject, status: 128, signal: null, error: undefined, lines });

const UNREADABLE = 'fatal: Could not read from remote repository.';

/** As git 2.39.5, curl 7.88 and OpenSSH 9.2 wrote them, or as forges are known to. */
const SEEN: readonly [ErrorCode, ...string[]][] = [
  ['not_a_repository', "fatal: '/tmp/none' does not appear to be a git repository", UNREADABLE],
  ['not_a_repository', "fatal: repository 'http://127.0.0.1:8399/404/x/' not found"],
  [
    'not_a_repository',
    'remote: Repository not found.',
    "fatal: repository 'https://github.com/a/b/' not found",
  ],
  ['not_a_repository', 'ERROR: Repository not found.', UNREADABLE],
  [
    'not_a_repository',
    'remote: ERROR: The project you were looking for could not be found or you lack permission.',
    UNREADABLE,
  ],
  ['not_a_repository', 'fatal: remote error: access denied or repository not exported: /x'],
  ['not_a_repository', 'fatal: http://127.0.0.1/page/x/info/refs not valid: is this a git repository?'],
  [
    'authentication_required',
    "fatal: could not read Username for 'http://127.0.0.1:8399': terminal prompts disabled",
  ],
  ['authentication_required', "fatal: unable to access 'http://h/x/': The requested URL returned error: 403"],
  ['authentication_required', "fatal: Authentication failed for 'https://h/x/'"],
  ['authentication_required', 'git@github.com: Permission denied (publickey).', UNREADABLE],
  ['repository_moved', "fatal: unable to access 'http://h/x/': The requested URL returned error: 301"],
  ['host_unknown', "fatal: unable to access 'https://h.invalid/x/': Could not resolve host: h.invalid"],
  ['host_unknown', 'fatal: unable to look up h.invalid (port 9418) (Name or service not known)'],
  ['host_unknown', 'ssh: Could not resolve hostname h.invalid: Name or service not known', UNREADABLE],
  [
    'host_unreachable',
    "fatal: unable to access 'http://h:1/': Failed to connect to h port 1 after 0 ms: Couldn't connect to server",
  ],
  [
    'host_unreachable',
    'fatal: unable to connect to 127.0.0.1:',
    '127.0.0.1[0: 127.0.0.1]: errno=Connection refused',
  ],
  ['host_unreachable', 'ssh: connect to host 127.0.0.1 port 1: Connection refused', UNREADABLE],
  ['host_failing', "fatal: unable to access 'http://h/x/': The requested URL returned error: 503"],
  [
    'host_failing',
    'error: RPC failed; HTTP 500 curl 22 The requested URL returned error: 500',
    'fatal: expected flush after ref listing',
  ],
  ['host_failing', "fatal: unable to access 'http://h/x/': The requested URL returned error: 429"],
  ['connection_lost', "fatal: unable to access 'http://h/x/': Empty reply from server"],
  ['connection_lost', "fatal: unable to access 'http://h/x/': Recv failure: Connection reset by peer"],
  [
    'connection_lost',
    'error: RPC failed; curl 18 transfer closed with outstanding read data remaining',
    'fatal: early EOF',
    'fatal: fetch-pack: invalid index-pack output',
  ],
  ['connection_lost', 'fatal: the remote end hung up unexpectedly', 'fatal: early EOF'],
  ['connection_lost', 'kex_exchange_identification: Connection closed by remote host', UNREADABLE],
  [
    'tls_failed',
    "fatal: unable to access 'https://h/x/': gnutls_handshake() failed: An unexpected TLS packet was received.",
  ],
  [
    'tls_failed',
    "fatal: unable to access 'https://h/x/': server certificate verification failed. CAfile: none CRLfile: none",
  ],
  [
    'connection_lost',
    'error: RPC failed; curl 56 GnuTLS recv error (-110): The TLS connection was non-properly terminated.',
    'fatal: early EOF',
  ],
  ['host_key_unknown', 'Host key verification failed.', UNREADABLE],
  [
    'host_key_changed',
    '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @',
    'Offending ED25519 key in /home/ada/.ssh/known_hosts:3',
    'Host key verification failed.',
    UNREADABLE,
  ],
  [
    'disk_full',
    'fatal: write error: No space left on device',
    'fatal: fetch-pack: invalid index-pack output',
  ],
  [
    'git_failed',
    'fatal: bad config line 1 in file /srv/r/.git/config',
    'fatal: expected flush after capabilities',
  ],
  ['disk_full', 'error: copy-fd: write returned: No space left on device', 'fatal: early EOF'],
  ['disk_failed', 'fatal: write error: File too large', 'fatal: fetch-pack: invalid index-pack output'],
  [
    'repository_corrupt',
    'remote: aborting due to possible repository corruption on the remote side.',
    'fatal: early EOF',
  ],
  ['repository_corrupt', 'error: packfile ./objects/pack/pack-1.pack does not match index'],
  [
    'repository_corrupt',
    'fatal: could not fetch 45a700f4f4459f34673698b0f5ee4d10b315c33a from promisor remote',
  ],
  [
    'repository_corrupt',
    'error: Could not read 59d33deb0b06bbc7509714b4fbd03d3c8aa8f39b',
    'fatal: revision walk setup failed',
  ],
  ['git_too_old', 'fatal: unknown repository extension found:', UNREADABLE],
  ['git_too_old', 'fatal: Expected git repo version <= 1, found 2', UNREADABLE],
  ['repository_not_owned', "fatal: detected dubious ownership in repository at '/tmp/r.git'", UNREADABLE],
  ['git_failed', "fatal: transport 'https' not allowed"],
  ['git_failed'],
];

test('every failure seen has its code (R-10, R-653)', () => {
  for (const [code, ...lines] of SEEN) assert.equal(failed(lines).code, code, lines.join('\n'));
});

test("what the far side says about its own disk is not this disk's", () => {
  const lines = ['remote: fatal: write error: No space left on device', 'fatal: early EOF'];
  assert.equal(failed(lines).code, 'connection_lost');
});

test('the message is one line that names the subject and ends with what git said last (T-3)', () => {
  const error = failed(['hint: blah', 'error: one', 'fatal: two'], 'https://host/x');
  assert.equal(error.message, 'git fetch on https://host/x failed with status 128: error: one / fatal: two');
  assert.equal(error.subject, 'https://host/x');
  const killed = classifyGitFailure({
    operation: 'git fetch',
    subject: undefined,
    status: null,
    signal: 'SIGKILL',
    error: undefined,
    lines: [],
  });
  assert.equal(killed.message, 'git fetch was killed by SIGKILL');
});

test('lines are free of credentials, headers and terminal escapes (R-8, T-3, T-16)', () => {
  assert.equal(
    cleanLine("fatal: 'https://ada:s3cret@host/x' \u001b[31mred\u001b[0m\u0007"),
    "fatal: 'https://***@host/x' red",
  );
  assert.doesNotMatch(cleanLine('=> Send header: Authorization: Basic czNjcmV0'), /czNjcmV0/);
});

test('a full disk that git does not name is told by the disk itself, unless it is certain what else it was (R-103)', () => {
  const full = (lines: readonly string[], signal: NodeJS.Signals | null = null): ErrorCode =>
    classifyGitFailure({
      operation: 'git fetch',
      subject: undefined,
      status: signal ? null : 128,
      signal,
      error: undefined,
      lines,
      isDiskFull: true,
    }).code;
  assert.equal(full([], 'SIGBUS'), 'disk_full');
  assert.equal(full(['fatal: index-pack died of signal 7']), 'disk_full');
  assert.equal(full(['fatal: unable to write new packed-refs']), 'disk_full');
  assert.equal(full(['fatal: early EOF', 'fatal: fetch-pack: invalid index-pack output']), 'disk_full');
  assert.equal(full(["fatal: '/tmp/none' does not appear to be a git repository"]), 'not_a_repository');
  assert.equal(full(['git@github.com: Permission denied (publickey).']), 'authentication_required');
});
