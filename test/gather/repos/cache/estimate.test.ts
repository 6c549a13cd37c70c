import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseRepositoryUrl } from '../../../../src/gather/repos/address/url.ts';
import { bakeJob } from '../../../../src/gather/repos/bake/prepare-job.ts';
import { estimateFromHost } from '../../../../src/gather/repos/cache/estimate.ts';
import type { Repository } from '../../../../src/keep/store/types.ts';
import { loadConfig } from '../../../support/config.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';

const TOKENS = {
  'github.com': { token: 's1' },
  'gitlab.com': { token: 's2' },
  'codeberg.org': { token: 's3' },
};

interface Asking {
  readonly hosts?: unknown;
  readonly lean?: boolean;
  readonly status?: number;
}

/** What is asked of whom, and made of the answer, with this under `hosts:`. */
async function ask(t: TestContext, url: string, answer: unknown, asking: Asking = {}) {
  const { hosts = TOKENS, lean = false, status = 200 } = asking;
  const cwd = temporaryDirectory(t);
  writeFileSync(join(cwd, 'sluice.yaml'), JSON.stringify({ hosts }));
  const { config } = await loadConfig({ cwd, env: {} });
  const address = parseRepositoryUrl(url, { from: 'cli' });
  const repository = { id: 1, url: address.url, lastBakedAtMs: null } as Repository;
  const asked: { url: string; authorization: string | null }[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    asked.push({ url: String(input), authorization: new Headers(init?.headers).get('authorization') });
    return new Response(JSON.stringify(answer), { status });
  };
  const { signal } = new AbortController();
  const host = (await bakeJob(repository, address, { token: 1 }, config)).sizeHost;
  return { bytes: await estimateFromHost(address, { host, lean, signal, fetch }), asked };
}

test('hosts that tell a size are asked in their own way, ssh spellings included (R-13)', async t => {
  const github = await ask(t, 'git@github.com:git/git.git', { size: 300 });
  assert.deepEqual(github.asked, [
    { url: 'https://api.github.com/repos/git/git', authorization: 'Bearer s1' },
  ]);
  assert.equal(github.bytes, 300 * 1024);
  assert.equal((await ask(t, 'https://github.com/git/git', { size: 800 }, { lean: true })).bytes, 100 * 1024);
  const gitlab = await ask(t, 'https://gitlab.com/a/b/c', { statistics: { repository_size: 5000 } });
  assert.equal(gitlab.asked[0]?.url, 'https://gitlab.com/api/v4/projects/a%2Fb%2Fc?statistics=true');
  assert.equal(gitlab.bytes, 5000);
  const codeberg = await ask(t, 'https://codeberg.org/a/b', { size: 2 });
  assert.equal(codeberg.bytes, 2048);
  assert.equal(codeberg.asked[0]?.authorization, 'token s3');
});

test('hosts of one’s own are asked where the configuration says what answers there (R-13)', async t => {
  const hosts = {
    'git.example.com': { kind: 'gitea', baseUrl: 'https://git.example.com/gitea', token: 's' },
    'lab.example.com:8443': { kind: 'gitlab', baseUrl: 'https://lab.example.com:8443' },
    'ghe.example.com': { kind: 'github', tokens: ['for-the-api'] },
    'plain.example.com': { kind: 'gitea', baseUrl: 'http://plain.example.com' },
    'files.example.com': { token: 'for git alone' },
  };
  const urlAsked = async (url: string) => (await ask(t, url, {}, { hosts })).asked[0]?.url;
  assert.equal(
    await urlAsked('https://git.example.com/gitea/a/b'),
    'https://git.example.com/gitea/api/v1/repos/a/b',
  );
  assert.equal(await urlAsked('git@git.example.com:a/b'), 'https://git.example.com/gitea/api/v1/repos/a/b');
  assert.equal(
    await urlAsked('https://lab.example.com:8443/g/p'),
    'https://lab.example.com:8443/api/v4/projects/g%2Fp?statistics=true',
  );
  assert.equal(await urlAsked('http://plain.example.com/a/b'), 'http://plain.example.com/api/v1/repos/a/b');
  const { asked } = await ask(t, 'https://ghe.example.com/a/b', {}, { hosts });
  assert.deepEqual(asked, [
    { url: 'https://ghe.example.com/api/v3/repos/a/b', authorization: 'Bearer for-the-api' },
  ]);
  for (const url of [
    'https://git.example.com/other/a/b',
    'https://files.example.com/a/b',
    'git://git.example.com/a/b',
  ])
    assert.equal(await urlAsked(url), undefined);
});

test('other hosts are asked nothing, and what cannot be a size is none (R-13)', async t => {
  for (const url of [
    'https://example.org/a/b',
    'http://github.com/a/b',
    'https://github.com.example.org/a/b',
  ])
    assert.deepEqual(await ask(t, url, { size: 1 }), { bytes: undefined, asked: [] });
  for (const answer of [{}, { size: 'x' }, { size: -1 }, { size: 0 }, null, []])
    assert.equal((await ask(t, 'https://github.com/a/b', answer)).bytes, undefined);
  assert.equal((await ask(t, 'https://github.com/a/b', { size: 1 }, { status: 404 })).bytes, undefined);
});

test('an answer about a size that has no end is not read on (R-13)', async () => {
  let pieces = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pieces += 1;
      controller.enqueue(new Uint8Array(2 ** 16).fill(0x20));
    },
  });
  const address = parseRepositoryUrl('https://git.example.com/a/b', { from: 'cli' });
  const baseUrl = 'https://git.example.com';
  const host = { kind: 'gitea', baseUrl, apiUrl: `${baseUrl}/api/v1`, token: undefined } as const;
  const { signal } = new AbortController();
  const fetch: typeof globalThis.fetch = async () => new Response(endless);
  assert.equal(await estimateFromHost(address, { host, lean: false, signal, fetch }), undefined);
  assert.ok(pieces < 20, `${pieces} pieces of 64 KiB`);
});
