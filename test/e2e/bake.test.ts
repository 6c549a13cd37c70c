import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startGitDaemon, startHttpRemote } from '../support/git-remotes.ts';
import { authoringEnvironment, TestRepository } from '../support/git-repositories.ts';
import {
  addCommits,
  grownRepository,
  MAIN,
  rows,
  type SluiceOptions,
  scratchLeft,
  sluice,
  standingPlace,
  startSluice,
} from '../support/sluice.ts';

const KEYS = [
  'authors',
  'cache',
  'commits',
  'durationMs',
  'fetchMs',
  'firstCommitAt',
  'lastCommitAt',
  'newCommits',
  'removedCommits',
  'url',
];

interface BakeLine {
  readonly url: string;
  readonly commits: number;
  readonly newCommits: number;
  readonly removedCommits: number;
  readonly authors: number;
  readonly firstCommitAt: string;
  readonly cache: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

async function bake(t: TestContext, urls: readonly string[], options: SluiceOptions) {
  const { code, stdout, stderr } = await sluice(t, ['bake', ...urls, '--json'], options);
  const lines = stdout.trim().split('\n').filter(Boolean);
  return { code, stderr, lines: lines.map(line => JSON.parse(line) as BakeLine) };
}

/** A program of this name, alone in a folder. */
function program(cwd: string, name: string, script: string): string {
  const folder = join(cwd, `bin-${name}`);
  mkdirSync(folder);
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return folder;
}

test('git://, http, ssh, scp-like and a path all bake to the same figures, each line with the same keys (R-3, R-4)', async t => {
  const cwd = standingPlace(t);
  const origins = standingPlace(t);
  const origin = grownRepository(join(origins, 'a.git'), 120, 7);
  addCommits(origin, 30, { branch: 'side', authors: 9 });
  const http = await startHttpRemote(t, origins);
  const daemon = await startGitDaemon(t, origins);
  const ssh = program(cwd, 'ssh', 'for last; do :; done; exec sh -c "$last"');
  const urls = [
    `${http.origin}/a`,
    `${daemon.origin}/a.git`,
    origin.path,
    `ssh://git@example.org${origin.path}`,
    `git@other.example.org:${origin.path}`,
  ];
  const PATH = `${ssh}:${process.env.PATH}`;
  const { code, lines, stderr } = await bake(t, urls, { cwd, env: { PATH } });
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(lines.length, urls.length);
  const commits = Number(origin.git('rev-list', '--count', '--all'));
  const authors = origin.git('shortlog', '-sne', '--all').split('\n').length;
  for (const line of lines) {
    assert.deepEqual(Object.keys(line).sort(), KEYS);
    assert.deepEqual([line.commits, line.newCommits, line.authors], [commits, commits, authors], line.url);
    assert.deepEqual([line.cache, line.removedCommits], ['clone', 0]);
    assert.equal(line.firstCommitAt, '2023-11-14T22:13:20.000Z');
  }
  const known = rows(join(cwd, 'sluice.db'), 'SELECT url FROM repositories ORDER BY id').map(
    ({ url }) => url,
  );
  assert.ok(known.includes(`${daemon.origin}/a`) && known.includes(origin.path), String(known));
});

test('several at once of which one fails: exit 1, a line each, the failed one with its error (R-4)', async t => {
  const cwd = standingPlace(t);
  const paths = ['a', 'b'].map(name => grownRepository(join(cwd, `${name}.git`), 3).path);
  const { code, lines } = await bake(t, [paths[0] ?? '', join(cwd, 'absent'), paths[1] ?? ''], { cwd });
  assert.equal(code, 1);
  const byUrl = new Map(lines.map(line => [line.url, line]));
  assert.deepEqual(
    paths.map(path => byUrl.get(path)?.commits),
    [3, 3],
  );
  const failed = byUrl.get(join(cwd, 'absent'));
  assert.equal(failed?.error?.code, 'not_a_repository');
  assert.deepEqual(Object.keys(failed ?? {}).sort(), [...KEYS, 'error'].sort());
  assert.equal(lines.length, 3);
});

test('news, a force-push and a deleted branch: the rows follow what the refs reach (R-23)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'origin.git'), 10);
  const baked = async (): Promise<readonly unknown[]> => {
    const { lines, stderr } = await bake(t, [origin.path], { cwd });
    assert.ok(lines[0], stderr);
    const { commits, newCommits, removedCommits, cache } = lines[0];
    assert.equal(commits, Number(origin.git('rev-list', '--count', '--all')));
    assert.deepEqual(rows(join(cwd, 'sluice.db'), 'SELECT count(*) AS n FROM commits'), [{ n: commits }]);
    return [commits, newCommits, removedCommits, cache];
  };
  assert.deepEqual(await baked(), [10, 10, 0, 'clone']);
  assert.deepEqual(await baked(), [10, 0, 0, 'fetch']);
  addCommits(origin, 5);
  addCommits(origin, 4, { branch: 'side' });
  assert.deepEqual(await baked(), [19, 9, 0, 'fetch']);
  origin.git('update-ref', 'refs/heads/main', origin.git('rev-parse', 'main~7'));
  addCommits(origin, 2);
  assert.deepEqual(await baked(), [14, 2, 7, 'fetch']);
  origin.git('update-ref', '-d', 'refs/heads/side');
  assert.deepEqual(await baked(), [10, 0, 4, 'fetch']);
});

test('an empty repository and one that has only a tag bake without an error (R-25)', async t => {
  const cwd = standingPlace(t);
  const empty = new TestRepository(join(cwd, 'empty.git'));
  const tagged = grownRepository(join(cwd, 'tagged.git'), 2);
  tagged.git('tag', 'v1', 'main');
  tagged.git('update-ref', '-d', 'refs/heads/main');
  const { code, lines } = await bake(t, [empty.path, tagged.path], { cwd });
  assert.equal(code, 0);
  const commits = new Map(lines.map(line => [line.url, [line.commits, line.authors, line.firstCommitAt]]));
  assert.deepEqual(commits.get(empty.path), [0, 0, null]);
  assert.deepEqual(commits.get(tagged.path)?.slice(0, 1), [2]);
  assert.match((await sluice(t, ['bake', empty.path], { cwd })).stdout, /no commits yet/);
});

test('bad URLs are refused with one clear message each; what they say is neither run nor repeated where secret (R-7, R-8)', async t => {
  const cwd = standingPlace(t);
  const bad: readonly (readonly [string, string])[] = [
    ['https://user:hunter2@example.org/x', 'url_has_credentials'],
    [`--upload-pack=touch ${join(cwd, 'ran')}`, 'url_refused'],
    [`ext::sh -c touch% ${join(cwd, 'ran')}`, 'url_refused'],
    ['ssh://-oProxyCommand=touch/x', 'url_refused'],
    ['ftp://example.org/x', 'url_invalid'],
    ['', 'url_invalid'],
    [cwd, 'not_a_repository'],
    ['https://nothing.invalid/x', 'host_unknown'],
    ['http://127.0.0.1:1/x', 'host_unreachable'],
  ];
  const args = ['bake', '--json', '--', ...bad.map(([url]) => url)];
  const { code, stdout, stderr } = await sluice(t, args, { cwd });
  assert.equal(code, 1);
  const lines = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as BakeLine);
  assert.deepEqual(lines.map(({ error }) => error?.code).sort(), bad.map(([, code]) => code).sort(), stdout);
  for (const { error } of lines) assert.ok(error?.message && error.hint);
  const people = await sluice(t, ['bake', '--', ...bad.map(([url]) => url)], { cwd });
  assert.equal(people.code, 1);
  assert.equal(people.stderr.split('failed:').length - 1, bad.length, people.stderr);
  assert.ok(!readdirSync(cwd).includes('ran'));
  const kept = readdirSync(cwd, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  for (const text of [stdout, stderr, people.stdout, people.stderr, ...kept]) {
    assert.ok(!text.includes('hunter2'));
  }
});

test('authentication, a web page, a server error, a broken connection: each has its own code; then all is well (R-10, T-6)', async t => {
  const cwd = standingPlace(t);
  const origins = standingPlace(t);
  grownRepository(join(origins, 'a.git'), 400);
  const remote = await startHttpRemote(t, origins);
  const url = `${remote.origin}/a`;
  const codeWith = async (faults: Partial<typeof remote.faults>): Promise<string | undefined> => {
    Object.assign(remote.faults, faults);
    const { code, lines, stderr } = await bake(t, [url], { cwd });
    for (const name of Object.keys(faults)) delete remote.faults[name as keyof typeof remote.faults];
    assert.deepEqual(scratchLeft(cwd), [], stderr);
    assert.equal(code, lines[0]?.error ? 1 : 0);
    return lines[0]?.error?.code;
  };
  assert.equal(
    await codeWith({ basicAuth: { username: 'sluice', token: 's3cr3t' } }),
    'authentication_required',
  );
  assert.equal(await codeWith({ page: '<html>hello</html>' }), 'not_a_repository');
  assert.equal(await codeWith({ status: 503 }), 'host_failing');
  assert.equal(await codeWith({ redirect: { to: 'http://127.0.0.1:1' } }), 'repository_moved');
  assert.equal(await codeWith({ dropAfterBytes: 1500 }), 'connection_lost');
  // The origin is plain HTTP: that a token may go there is said by the address that it is configured for.
  const name = new URL(remote.origin).host;
  writeFileSync(
    join(cwd, 'sluice.yaml'),
    `hosts: {"${name}": {baseUrl: "${remote.origin}", token: s3cr3t}}\n`,
  );
  assert.equal(await codeWith({ basicAuth: { username: 'sluice', token: 's3cr3t' } }), undefined);
  const states = rows(join(cwd, 'sluice.db'), 'SELECT state, last_error FROM repositories');
  assert.deepEqual(states, [{ state: 'ok', last_error: null }]);
});

test('Start: without git, or with one that is too old, the message says which git is needed (S-3)', async t => {
  const cwd = standingPlace(t);
  const { path } = grownRepository(join(cwd, 'a.git'), 1);
  const none = join(cwd, 'none');
  mkdirSync(none);
  const missing = await bake(t, [path], { cwd, env: { PATH: none } });
  assert.deepEqual([missing.code, missing.lines[0]?.error?.code], [1, 'git_missing'], missing.stderr);
  assert.match(missing.lines[0]?.error?.hint ?? '', /2\.31/);
  const old = program(cwd, 'git', 'echo git version 2.17.1');
  const tooOld = await bake(t, [path], { cwd, env: { PATH: old } });
  assert.deepEqual([tooOld.code, tooOld.lines[0]?.error?.code], [1, 'git_too_old'], tooOld.stderr);
});

test('Usage errors end with exit 2 and point to --help (S-5)', async t => {
  const cwd = standingPlace(t);
  for (const args of [
    ['bake'],
    ['bakke'],
    ['bake', '--jsno', 'x'],
    ['up', '--port', 'many'],
    ['config', 'chek'],
  ]) {
    const { code, stdout, stderr } = await sluice(t, args, { cwd });
    assert.equal(code, 2, `${args}: ${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, /--help|--port/);
  }
  assert.deepEqual(readdirSync(cwd), []);
});

/** A bake of 500 commits whose remote has stopped in the middle of its answer. */
async function stalledBake(
  t: TestContext,
  { beside = [], ...options }: { readonly group?: boolean; readonly beside?: readonly string[] } = {},
) {
  const cwd = standingPlace(t);
  const origins = standingPlace(t);
  grownRepository(join(origins, 'a.git'), 500);
  const remote = await startHttpRemote(t, origins, { stallAfterBytes: 2_000 });
  const struck = remote.faultStruck();
  const running = startSluice(t, ['bake', `${remote.origin}/a`, ...beside], { cwd, ...options });
  await running.before(struck);
  return { cwd, remote, running };
}

test('Ctrl-C during a bake ends it with exit 130 and nothing half-made; the same command then completes (R-4, S-8)', async t => {
  const { cwd, remote, running } = await stalledBake(t, { group: true });
  const startMs = performance.now();
  // As a terminal does: to the whole foreground group.
  process.kill(-(running.process.pid ?? 0), 'SIGINT');
  const { code, stdout } = await running.ended;
  assert.equal(code, 130);
  assert.ok(performance.now() - startMs < 3000);
  assert.equal(stdout, '');
  assert.deepEqual(scratchLeft(cwd), []);
  remote.faults.stallAfterBytes = undefined;
  const again = await bake(t, [`${remote.origin}/a`], { cwd });
  assert.equal(again.lines[0]?.commits, 500, again.stderr);
});

test('kill -9 during "sluice bake": the next one cleans up and completes (R-16, R-24)', async t => {
  const { cwd, remote, running } = await stalledBake(t);
  running.process.kill('SIGKILL');
  await running.ended;
  assert.equal(scratchLeft(cwd).length, 1);
  remote.faults.stallAfterBytes = undefined;
  const again = await bake(t, [`${remote.origin}/a`], { cwd });
  assert.equal(again.lines[0]?.commits, 500, again.stderr);
  assert.deepEqual(scratchLeft(cwd), []);
  const states = rows(join(cwd, 'sluice.db'), 'SELECT state FROM runs ORDER BY id').map(({ state }) => state);
  assert.deepEqual(states, ['done']);
});

/** Runs a shell line with `sluice` as a function, in bash. */
function shell(cwd: string, line: string, env: NodeJS.ProcessEnv = {}): string {
  return execFileSync('bash', ['-o', 'pipefail', '-c', line], {
    cwd,
    env: { ...authoringEnvironment(), ...env, SLUICE: `${process.execPath} ${MAIN}` },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('Output: colours and progress on a terminal only; NO_COLOR and pipes are plain; a reader may go away (S-6)', async t => {
  const cwd = standingPlace(t);
  symlinkSync(grownRepository(join(cwd, 'a.git'), 40).path, join(cwd, 'b.git'));
  const onTerminal = (env: NodeJS.ProcessEnv = {}): string =>
    shell(cwd, `script -qec "$SLUICE bake a.git" /dev/null < /dev/null`, { TERM: 'xterm', ...env });
  const first = onTerminal();
  assert.ok(first.includes('\u001b[1m') && first.includes('40 commits by 3 authors'), first);
  assert.ok(first.includes('\u001b[0J'), 'progress lines are drawn and taken away');
  // Control sequences that move the cursor are no colours.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.ok(!/\u001b\[\d*m/.test(onTerminal({ NO_COLOR: '1' })));
  assert.ok(!shell(cwd, '$SLUICE bake a.git 2>&1').includes('\u001b'));
  assert.match(shell(cwd, '$SLUICE bake a.git b.git | head -1'), /a\.git/);
  mkdirSync(join(cwd, 'many'));
  for (let file = 0; file < 30; file += 1) writeFileSync(join(cwd, 'many', `${file}.txt`), 'x');
  for (const [folder = '', outputs] of [
    ['one', ''],
    ['both', '2>&1'],
  ]) {
    // Work goes on to its end where nobody reads of it any more.
    shell(cwd, `$SLUICE copy -r many s3://local/outbox/${folder}/ --json ${outputs} | head -1`);
    assert.equal(readdirSync(join(cwd, 'station/incoming/local/outbox', folder, 'many')).length, 30);
  }
  assert.equal(shell(cwd, '$SLUICE config schema | head -c 1'), '{');
});

test('Ctrl-C says whether anything was read that stays (R-4)', async t => {
  const early = await stalledBake(t);
  early.running.process.kill('SIGINT');
  assert.match(
    (await early.running.ended).stderr,
    /^stopped: 0 of 1 repository baked\. Nothing was read yet/m,
  );
  const done = grownRepository(join(standingPlace(t), 'done.git'), 2).path;
  const after = await stalledBake(t, { beside: [done] });
  await after.running.printed(/done\.git/);
  after.running.process.kill('SIGINT');
  assert.match(
    (await after.running.ended).stderr,
    /^stopped: 1 of 2 repositories baked\. What was read stays/m,
  );
});
