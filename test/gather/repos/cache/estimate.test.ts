import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateFromHost } from '../../../../src/gather/repos/cache/estimate.ts';
import { parseRepositoryUrl } from '../../../../src/gather/repos/url.ts';

async function ask(url: string, answer: unknown, { lean = false, status = 200 } = {}) {
  const asked: { url: string; authorization: string | null }[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    asked.push({ url: String(input), authorization: new Headers(init?.headers).get('authorization') });
    return new Response(JSON.stringify(answer), { status });
  };
  const bytes = await estimateFromHost(parseRepositoryUrl(url, { from: 'cli' }), {
    credentials: { username: 'u', token: 'secret' },
    lean,
    signal: new AbortController().signal,
    fetch,
  });
  return { bytes, asked };
}

test('P5: hosts that tell a size are asked in their own way, ssh spellings included', async () => {
  const github = await ask('git@github.com:git/git.git', { size: 300 });
  assert.deepEqual(github.asked, [
    { url: 'https://api.github.com/repos/git/git', authorization: 'Bearer secret' },
  ]);
  assert.equal(github.bytes, 300 * 1024);
  assert.equal((await ask('https://github.com/git/git', { size: 800 }, { lean: true })).bytes, 100 * 1024);
  const gitlab = await ask('https://gitlab.com/a/b/c', { statistics: { repository_size: 5000 } });
  assert.equal(gitlab.asked[0]?.url, 'https://gitlab.com/api/v4/projects/a%2Fb%2Fc?statistics=true');
  assert.equal(gitlab.bytes, 5000);
  assert.equal((await ask('https://codeberg.org/a/b', { size: 2 })).bytes, 2048);
});

test('P5, S3: other hosts are asked nothing, and what cannot be a size is none', async () => {
  for (const url of [
    'https://example.org/a/b',
    'http://github.com/a/b',
    'https://github.com.example.org/a/b',
  ])
    assert.deepEqual(await ask(url, { size: 1 }), { bytes: undefined, asked: [] });
  for (const answer of [{}, { size: 'x' }, { size: -1 }, { size: 0 }, null, []])
    assert.equal((await ask('https://github.com/a/b', answer)).bytes, undefined);
  assert.equal((await ask('https://github.com/a/b', { size: 1 }, { status: 404 })).bytes, undefined);
});
