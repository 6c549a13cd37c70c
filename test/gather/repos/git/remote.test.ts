import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseRepositoryUrl } from '../../../../src/gather/repos/address/url.ts';
import { accessTo, type Remote, remoteSpellings } from '../../../../src/gather/repos/git/access.ts';
import { lsRemote } from '../../../../src/gather/repos/git/remote.ts';
import { fakeSsh, startGitDaemon, startHttpRemote } from '../../../support/git-remotes.ts';
import { refsOf, TestRepository, temporaryDirectory } from '../../../support/git-repositories.ts';

const remoteAt = (text: string): Remote => parseRepositoryUrl(text, { from: 'cli' });

function repositoryIn(t: TestContext, name = 'r.git', objectFormat: 'sha1' | 'sha256' = 'sha1') {
  const root = temporaryDirectory(t);
  return { root, repository: new TestRepository(join(root, name), { objectFormat }) };
}

test('refs, HEAD and object format come over git, http, ssh and from a path alike', async t => {
  const { root, repository } = repositoryIn(t);
  const id = repository.commit('one');
  repository.git('tag', '-a', '-m', 'x', 'v1', id);
  repository.git('update-ref', 'refs/pull/1/head', id);
  const http = await startHttpRemote(t, root);
  const daemon = await startGitDaemon(t, root);
  fakeSsh(t, root);
  for (const text of [
    `${http.origin}/r`,
    `${daemon.origin}/r`,
    `ssh://git@host${root}/r.git`,
    `git@host:${root}/r`,
    repository.path,
  ]) {
    const found = await lsRemote(remoteAt(text));
    assert.deepEqual(Object.fromEntries(found.refs), refsOf(repository), text);
    assert.equal(found.head, 'refs/heads/main', text);
    assert.equal(found.objectFormat, 'sha1');
    assert.equal(found.otherRefs, 1);
    assert.equal((await lsRemote(remoteAt(text), { tags: false })).refs.size, 1);
    assert.deepEqual((await lsRemote(remoteAt(text), { head: false })).refs, found.refs);
  }
});

test('detached, unborn and symbolic HEADs, an empty repository, SHA-256 (R-25)', async t => {
  const { repository } = repositoryIn(t);
  const remote = remoteAt(repository.path);
  const empty = await lsRemote(remote);
  assert.deepEqual(
    [empty.refs.size, empty.head, empty.detachedHead, empty.objectFormat],
    [0, undefined, undefined, undefined],
  );
  const one = repository.commit('one');
  const two = repository.commit('two');
  repository.git('update-ref', '--no-deref', 'HEAD', one);
  assert.equal((await lsRemote(remote)).detachedHead, one);
  repository.git('update-ref', '--no-deref', 'HEAD', two);
  assert.equal((await lsRemote(remote)).head, 'refs/heads/main');
  repository.git('symbolic-ref', 'HEAD', 'refs/heads/gone');
  const missing = await lsRemote(remote);
  assert.deepEqual([missing.head, missing.detachedHead, missing.refs.size], [undefined, undefined, 1]);
  const long = repositoryIn(t, 's.git', 'sha256').repository;
  long.commit('one');
  assert.equal((await lsRemote(remoteAt(long.path))).objectFormat, 'sha256');
});

test('the .git that a spelling lost is tried again where the server wants it (R-3)', async t => {
  const { root, repository } = repositoryIn(t);
  repository.commit('one');
  const http = await startHttpRemote(t, root, { redirect: { to: '', except: '/r.git/' } });
  const found = await lsRemote(remoteAt(`${http.origin}/r`));
  assert.equal(found.spelling, `${http.origin}/r.git`);
  const before = http.requests.length;
  await lsRemote(remoteAt(`${http.origin}/r`), { preferred: found.spelling });
  assert.ok(
    http.requests.slice(before).every(line => line.includes('/r.git/')),
    http.requests.join('\n'),
  );
});

test('an scp-like path that starts in the home directory is found from its one spelling (R-3)', () => {
  const written = parseRepositoryUrl('me@host:a/b', { from: 'cli' });
  assert.deepEqual(remoteSpellings(written), ['me@host:a/b', 'ssh://me@host/a/b', 'ssh://me@host/~/a/b']);
  const stored = parseRepositoryUrl(written.url, { from: 'config' });
  assert.deepEqual(remoteSpellings(stored), ['ssh://me@host/a/b', 'ssh://me@host/~/a/b']);
});

test('bad input: a web page is no repository, though git would call it an empty one (R-10, T-6)', async t => {
  const http = await startHttpRemote(t, temporaryDirectory(t), { page: '<html>hi' });
  await assert.rejects(lsRemote(remoteAt(`${http.origin}/r`)), { code: 'not_a_repository' });
  http.faults.page = '<html>\n<body>\n';
  await assert.rejects(lsRemote(remoteAt(`${http.origin}/r`)), { code: 'not_a_repository' });
  http.faults.page = '';
  await assert.rejects(lsRemote(remoteAt(`${http.origin}/r`)), { code: 'not_a_repository' });
});

test('an empty repository over http is empty, not absent', async t => {
  const { root } = repositoryIn(t);
  const http = await startHttpRemote(t, root);
  assert.equal((await lsRemote(remoteAt(`${http.origin}/r`))).refs.size, 0);
});

test('bad input: the whole listing has a time limit (R-10)', async t => {
  const http = await startHttpRemote(t, temporaryDirectory(t));
  const { root } = repositoryIn(t);
  fakeSsh(t, root, 'sleep 60');
  await assert.rejects(lsRemote(remoteAt('git@host:x'), { timeoutMs: 200 }), {
    code: 'timed_out',
    message: /ssh:\/\/git@host\/x .* 0\.2 s/,
  });
  await assert.rejects(lsRemote(remoteAt(`${http.origin}/x`), { signal: AbortSignal.abort() }), {
    code: 'cancelled',
  });
});

test('bad input: a listing of refs without an end is bounded by what git takes for it (R-10, R-106)', async t => {
  const packet = (text: string) => `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;
  const hello = ['# service=git-upload-pack\n', 'version 2\n', 'ls-refs\n', 'object-format=sha1\n'].map(
    packet,
  );
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    request.resume();
    const isHello = request.url?.includes('info/refs');
    const what = isHello ? 'advertisement' : 'result';
    response.writeHead(200, { 'content-type': `application/x-git-upload-pack-${what}` });
    if (isHello) return response.end(`${hello[0]}0000${hello.slice(1).join('')}0000`);
    let count = 0;
    const pour = (): void => {
      do count += 1;
      while (response.write(packet(`${'1'.repeat(40)} refs/heads/${'x'.repeat(40_000)}${count}\n`)));
    };
    response.on('drain', pour);
    return pour();
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  await assert.rejects(lsRemote(remoteAt(`http://127.0.0.1:${port}/a/b`), { maxMemoryBytes: 64 * 2 ** 20 }), {
    code: 'answer_too_large',
    message: /has git take more than 64 MiB of memory/,
  });
});

test('http goes to the pinned address whatever the name says (R-9)', async t => {
  const { root, repository } = repositoryIn(t);
  repository.commit('one');
  const http = await startHttpRemote(t, root);
  const daemon = await startGitDaemon(t, root);
  for (const origin of [http.origin, daemon.origin]) {
    const named = remoteAt(`${origin.replace('127.0.0.1', 'pinned.invalid')}/r.git`);
    const found = await lsRemote({ ...named, addresses: ['127.0.0.1'] });
    assert.equal(found.refs.size, 1);
    await assert.rejects(lsRemote(named), { code: 'host_unknown' });
  }
  assert.match(daemon.requests.at(-1) ?? '', /host=pinned\.invalid/);
});

test('ssh is pinned too, asks nothing, and knows the host by its name (R-9)', async t => {
  const { root, repository } = repositoryIn(t);
  repository.commit('one');
  const calls = fakeSsh(t, root);
  const remote = remoteAt(`ssh://git@host.example:2222${repository.path}`);
  await lsRemote({ ...remote, addresses: ['192.0.2.1'] });
  assert.match(
    calls()[0] ?? '',
    /-o BatchMode=yes .*-o HostName=192\.0\.2\.1 -o HostKeyAlias=\[host\.example\]:2222 .*git@host\.example/,
  );
});

test('a git that cannot pin an address over http refuses instead of trusting the name (R-9)', () => {
  const remote = { ...remoteAt('https://host.example/x'), addresses: ['1.1.1.1'] };
  assert.throws(() => accessTo(remote, remote.remote, [2, 36, 9]), { code: 'git_too_old' });
  assert.deepEqual(accessTo(remote, remote.remote, [2, 37, 0]).config, [
    '-c',
    'http.curloptResolve=host.example:443:1.1.1.1',
  ]);
});

test('100 000 refs are listed (R-25)', async t => {
  const { repository } = repositoryIn(t);
  const id = repository.commit('one');
  const { writeFileSync } = await import('node:fs');
  const names = Array.from(
    { length: 100_000 },
    (_, index) => `refs/heads/b/${String(index).padStart(6, '0')}`,
  );
  writeFileSync(
    join(repository.path, 'packed-refs'),
    `# pack-refs with: sorted \n${names.map(name => `${id} ${name}\n`).join('')}`,
  );
  assert.equal((await lsRemote(remoteAt(repository.path))).refs.size, 100_001);
});
