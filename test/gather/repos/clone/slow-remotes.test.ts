import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { lsRemote } from '../../../../src/gather/repos/git/remote.ts';
import { CloneBench } from '../../../support/git-clones.ts';
import { fakeProgram } from '../../../support/git-remotes.ts';
import { processesMentioning } from '../../../support/git-repositories.ts';
import { type GitSocket, packed, packHeader, startGitTalk, TIP } from '../../../support/git-talk.ts';

const onLinux = process.platform === 'linux';
/** 10 000 bytes in 400 ms. */
const PATIENCE = { bytes: 10_000, withinMs: 400, longestMs: 60_000 };

test('a remote that says how far it is, and drips what it has, is given up, however much it says (R-652)', async t => {
  const ways: Record<string, (to: GitSocket) => Promise<void>> = {
    async chatter(to) {
      for (let i = 0; to.isOpen; i += 1) {
        await to.progress(`Counting objects: ${i}\n`);
        await setTimeout(20);
      }
    },
    async drip(to) {
      await to.data(packHeader(1_000_000));
      for (let i = 0; to.isOpen; i += 1) {
        await to.data(packed('commit', Buffer.from(`tree ${'0'.repeat(40)}\nnumber ${i}\n`)));
        await setTimeout(20);
      }
    },
  };
  for (const [name, pack] of Object.entries(ways)) {
    const bench = new CloneBench(t);
    const url = await startGitTalk(t, { pack });
    await assert.rejects(
      bench.sync(url, { patience: PATIENCE }),
      { code: 'timed_out', message: /^next to nothing of the history of git:.* came for 0\.01 minutes$/ },
      name,
    );
    assert.deepEqual([bench.names(), processesMentioning(bench.cache)], [[], []], name);
  }
});

test('what comes fast enough is fetched to its end, and not beyond the longest that a fetch may take (R-652)', async t => {
  const bench = new CloneBench(t);
  const pour = async (to: GitSocket): Promise<void> => {
    await to.data(packHeader(1_000_000));
    const noise = execFileSync('head', ['-c', '1500', '/dev/urandom']);
    while (to.isOpen) {
      for (let i = 0; i < 20; i += 1) await to.data(packed('commit', noise));
      await setTimeout(20);
    }
  };
  const url = await startGitTalk(t, { pack: pour });
  const fast = { bytes: 1000, withinMs: 2400, longestMs: 2500 };
  await assert.rejects(bench.sync(url, { patience: fast }), {
    code: 'timed_out',
    message: /was not fetched to its end after 0\.04 minutes/,
  });
  assert.equal((await bench.sync(await startGitTalk(t, {}), { patience: PATIENCE })).outcome, 'clone');
});

test('a git that looks for long through what has come is not taken for a remote that is silent (R-652)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit('one');
  const git = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  const said = 'Receiving objects: 100% (3/3), done.';
  fakeProgram(
    t,
    bench.root,
    'git',
    `case " $* " in *" fetch "*) echo '${said}' >&2; sleep 1;; esac\nexec ${git} "$@"`,
  );
  assert.equal((await bench.sync(undefined, { idleTimeoutMs: 300 })).outcome, 'clone');
});

test('a server that only gives out files is not silent while a pack comes from it, of which git says nothing (R-652)', async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit(randomBytes(3_000_000).toString('base64'));
  bench.upstream.git('gc', '--quiet');
  bench.upstream.git('update-server-info');
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '', 'http://h').pathname;
    const file = await readFile(join(bench.root, path)).catch(() => undefined);
    response.statusCode = file === undefined ? 404 : 200;
    for (let at = 0; at < (file?.length ?? 0); at += 100_000) {
      response.write(file?.subarray(at, at + 100_000));
      if (path.endsWith('.pack')) await setTimeout(80);
    }
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const clone = await bench.sync(`http://127.0.0.1:${port}/r.git`, { idleTimeoutMs: 1500 });
  assert.equal(clone.outcome, 'clone');
});

test('a listing of refs that is long but goes on is read to its end; one that drips is not (R-652)', {
  skip: !onLinux,
}, async t => {
  const bench = new CloneBench(t);
  const listing = (pieces: number, refs: number, pauseMs: number) => async (to: GitSocket) => {
    for (let piece = 0; piece < pieces && to.isOpen; piece += 1) {
      for (let ref = 0; ref < refs; ref += 1)
        await to.line(`${TIP} refs/heads/${'x'.repeat(200)}-${piece}-${ref}\n`);
      await setTimeout(pauseMs);
    }
    await to.flush();
  };
  const long = bench.remote(await startGitTalk(t, { refs: listing(12, 1000, 250) }));
  const { refs } = await lsRemote(long, { timeoutMs: 2000 });
  assert.equal(refs.size, 12_000);
  await assert.rejects(lsRemote(long, { timeoutMs: 1000, longestMs: 600 }), {
    code: 'timed_out',
    message: /was not done with listing its refs after 0\.6 s/,
  });
  const dripping = bench.remote(await startGitTalk(t, { refs: listing(10_000, 1, 20) }));
  await assert.rejects(lsRemote(dripping, { timeoutMs: 500 }), {
    code: 'timed_out',
    message: /did not list its refs within 0\.5 s/,
  });
});
