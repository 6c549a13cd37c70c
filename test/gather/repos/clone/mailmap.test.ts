import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readMailmap } from '../../../../src/gather/repos/clone/mailmap.ts';
import { CloneBench } from '../../../support/git-clones.ts';
import { startHttpRemote } from '../../../support/git-remotes.ts';
import { objectsIn } from '../../../support/git-repositories.ts';
import { type GitSocket, startGitTalk } from '../../../support/git-talk.ts';

const MAILMAP = 'Ada <ada@example.org> <old@example.org>\n';

test('the mailmap of a lean clone costs two objects, and nothing the second time (R-26)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.git('config', 'uploadpack.allowFilter', 'true');
  bench.upstream.commit('one', { '.mailmap': MAILMAP, a: '1', 'b/c': '2', 'b/d/e': '3' });
  const http = await startHttpRemote(t, bench.root);
  for (const text of [undefined, `${http.origin}/r`]) {
    const clone = await bench.sync(text);
    const options = { remote: bench.remote(text) };
    assert.equal((await readMailmap(clone, options)).content?.toString(), MAILMAP);
    assert.deepEqual(await objectsIn(clone.gitDir), ['blob', 'commit', 'tree']);
    const before = http.requests.length;
    assert.equal((await readMailmap(clone, options)).content?.toString(), MAILMAP);
    assert.equal(http.requests.length, before);
  }
  bench.upstream.commit('two', { '.mailmap': MAILMAP, a: '2' });
  const clone = await bench.sync();
  assert.equal((await readMailmap(clone, { remote: bench.remote() })).content?.toString(), MAILMAP);
  assert.deepEqual(await objectsIn(clone.gitDir), ['blob', 'commit', 'commit', 'tree', 'tree']);
});

test('no mailmap, an empty repository, and a symbolic link give none, without a warning (R-26)', async t => {
  const bench = new CloneBench(t);
  const read = async () => await readMailmap(await bench.sync(), { remote: bench.remote() });
  assert.deepEqual(await read(), { content: undefined, warning: undefined });
  bench.upstream.commit('one', { a: '1' });
  assert.deepEqual(await read(), { content: undefined, warning: undefined });
  bench.upstream.fastImport(
    'commit refs/heads/main\ncommitter A <a@x> 2 +0000\ndata 1\nx\nfrom refs/heads/main^0\nM 120000 inline .mailmap\ndata 11\n/etc/passwd\n',
  );
  assert.deepEqual(await read(), { content: undefined, warning: undefined });
});

test('a mailmap that cannot be had is a warning; a stop is a stop (R-26)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.git('config', 'uploadpack.allowFilter', 'true');
  bench.upstream.commit('one', { '.mailmap': MAILMAP });
  const http = await startHttpRemote(t, bench.root);
  const clone = await bench.sync(`${http.origin}/r`);
  http.faults.status = 503;
  const remote = bench.remote(`${http.origin}/r`);
  const { content, warning } = await readMailmap(clone, { remote });
  assert.deepEqual([content, warning?.code], [undefined, 'host_failing']);
  await assert.rejects(readMailmap(clone, { remote, signal: AbortSignal.abort() }), { code: 'cancelled' });
  delete http.faults.status;
  assert.equal((await readMailmap(clone, { remote })).content?.toString(), MAILMAP);
});

test('a remote that chatters in place of a mailmap does not keep the bake (R-26, R-652)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.git('config', 'uploadpack.allowFilter', 'true');
  bench.upstream.commit('one', { '.mailmap': MAILMAP });
  const http = await startHttpRemote(t, bench.root);
  const clone = await bench.sync(`${http.origin}/r`);
  const chatter = async (to: GitSocket): Promise<void> => {
    for (; to.isOpen; await setTimeout(20)) await to.progress('wait a little\n');
  };
  const remote = bench.remote(await startGitTalk(t, { pack: chatter }));
  const options = { remote, idleTimeoutMs: 5000, timeoutMs: 1000 };
  const { content, warning } = await readMailmap({ ...clone, spelling: undefined }, options);
  assert.deepEqual([content, warning?.code], [undefined, 'timed_out']);
});

test('an absurdly large mailmap is left out (R-26, T-17)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit('one', { '.mailmap': '#'.repeat(5_000_000) });
  const { content, warning } = await readMailmap(await bench.sync(), { remote: bench.remote() });
  assert.equal(content, undefined);
  assert.match(warning?.message ?? '', /larger than 4194304 bytes/);
});

test('HEAD may be on no branch, and its commit of any size (R-25)', async t => {
  const bench = new CloneBench(t);
  const one = bench.upstream.commit('one', { '.mailmap': MAILMAP });
  bench.upstream.git('update-ref', '--no-deref', 'HEAD', one);
  bench.upstream.git('update-ref', '-d', 'refs/heads/main');
  const read = async () => await readMailmap(await bench.sync(), { remote: bench.remote() });
  assert.equal((await read()).content?.toString(), MAILMAP);
  // More than git's answers may have.
  const message = 'a line of text\n'.repeat(4_700_000);
  bench.upstream.fastImport(
    `commit refs/heads/main\ncommitter A <a@x> 2 +0000\ndata ${message.length}\n${message}\nfrom ${one}\n`,
  );
  bench.upstream.git('symbolic-ref', 'HEAD', 'refs/heads/main');
  const { content, warning } = await read();
  assert.deepEqual([content?.toString(), warning], [MAILMAP, undefined]);
});
