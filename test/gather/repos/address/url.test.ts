import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ErrorCode, SluiceError } from '../../../../src/base/errors.ts';
import { shownUrl } from '../../../../src/gather/repos/address/shown-url.ts';
import { parseRepositoryUrl } from '../../../../src/gather/repos/address/url.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';

const urlOf = (text: string): string => parseRepositoryUrl(text, { from: 'api' }).url;

function refusal(text: string, from: 'api' | 'cli' = 'api', allowPaths: string[] = []): SluiceError {
  try {
    parseRepositoryUrl(text, { from, allowPaths });
  } catch (error) {
    assert.ok(error instanceof SluiceError, String(error));
    return error;
  }
  assert.fail(`${text} was accepted`);
}

const ONE_SPELLING: readonly [string, string][] = [
  ['https://github.com/git/git', 'https://github.com/git/git'],
  ['https://GitHub.com/git/git.git', 'https://github.com/git/git'],
  ['HTTPS://github.com:443/git//git.git/', 'https://github.com/git/git'],
  ['https://github.com./git/git///', 'https://github.com/git/git'],
  ['https://host/x.git.git/', 'https://host/x'],
  ['http://host:80/x', 'http://host/x'],
  ['http://host:0443/x', 'http://host:443/x'],
  ['git://Host:9418/x.git', 'git://host/x'],
  ['git@GitHub.com:git/git.git', 'ssh://git@github.com/git/git'],
  ['ssh://git@github.com:22/git/git', 'ssh://git@github.com/git/git'],
  ['ssh://git@github.com:2222/git/git', 'ssh://git@github.com:2222/git/git'],
  ['host:x', 'ssh://host/x'],
  ['host:/srv/x.git', 'ssh://host/srv/x'],
  ['git@[::1]:x', 'ssh://git@[::1]/x'],
  ['http://0x7f.1/x', 'http://127.0.0.1/x'],
  ['http://2130706433/x', 'http://127.0.0.1/x'],
  ['http://[0:0:0:0:0:0:0:1]/x', 'http://[::1]/x'],
  ['https://bücher.example/ä', 'https://xn--bcher-kva.example/%C3%A4'],
];

test('one repository has one spelling, however it is written (R-3)', () => {
  for (const [text, url] of ONE_SPELLING) assert.equal(urlOf(text), url, text);
});

test('git is given the form that was written, and limits count by host (R-3)', () => {
  const cases = [
    ['git@Host:a/b.git', 'ssh://git@host/a/b', 'ssh', 22, 'git@host:a/b.git'],
    ['https://Host:8443/a.git/', 'https://host:8443/a', 'https', 8443, 'https://host:8443/a.git'],
  ] as const;
  for (const [text, url, scheme, port, remote] of cases)
    assert.deepEqual(parseRepositoryUrl(text, { from: 'api' }), { url, scheme, host: 'host', port, remote });
});

const REFUSED: readonly [string, ErrorCode][] = [
  ['', 'url_invalid'],
  ['-', 'url_refused'],
  ['--upload-pack=touch /tmp/x', 'url_refused'],
  ['ext::sh -c touch% /tmp/x', 'url_refused'],
  ['EXT::x', 'url_refused'],
  ['fd::17', 'url_refused'],
  ['https::https://host/x', 'url_refused'],
  ['::x', 'url_refused'],
  ['ssh://-oProxyCommand=x/y', 'url_refused'],
  ['ssh://-l@host/y', 'url_refused'],
  ['-oProxyCommand=x:y', 'url_refused'],
  ['host:-y', 'url_refused'],
  ['file:///etc', 'url_refused'],
  ['FILE:///etc', 'url_refused'],
  ['/etc', 'url_refused'],
  ['../x', 'url_refused'],
  ['file://host/x', 'url_invalid'],
  ['ftp://host/x', 'url_invalid'],
  ['javascript://host/x', 'url_invalid'],
  ['https://', 'url_invalid'],
  ['https://host', 'url_invalid'],
  ['https://host/.git', 'url_invalid'],
  ['https:///x', 'url_invalid'],
  ['https://host:0/x', 'url_invalid'],
  ['https://https://host/x', 'url_invalid'],
  ['https://host:65536/x', 'url_invalid'],
  ['https://ho st/x', 'url_invalid'],
  ['https://host/x y', 'url_invalid'],
  [' https://host/x', 'url_invalid'],
  ['https://host/x\n', 'url_invalid'],
  ['https://host/x\u0000', 'url_invalid'],
  ['https://host/%0a', 'url_invalid'],
  ['https://host/a/../b', 'url_invalid'],
  ['https://host/a/%2e%2E/b', 'url_invalid'],
  ['https://host/x?y=1', 'url_invalid'],
  ['https://host/x#y', 'url_invalid'],
  ['https://ho%73t/x', 'url_invalid'],
  ['https://host\\@other/x', 'url_has_credentials'],
  ['https://[::1/x', 'url_invalid'],
  ['https://host/\ud800', 'url_invalid'],
  [`https://host/${'x'.repeat(2048)}`, 'url_invalid'],
  ['C:\\git\\x', 'url_invalid'],
  ['C:/git/x', 'url_invalid'],
  ['\\\\server\\share', 'url_invalid'],
  ['git@ho$t:x', 'url_invalid'],
  ['a;b@host:x', 'url_invalid'],
];

test('what could run a command, read a file or is no URL is refused with one line (R-7)', () => {
  for (const [text, code] of REFUSED) {
    const error = refusal(text);
    assert.equal(error.code, code, `${JSON.stringify(text)}: ${error.message}`);
    assert.doesNotMatch(error.message, /[\p{Cc}]/u);
    assert.ok(error.hint.length > 0 && error.message.length < 400);
  }
});

test('credentials in a URL are refused and not repeated (R-8)', () => {
  for (const text of [
    'https://ada:s3cret@host/x',
    'https://ada:s3/cret@host/x',
    'https://ada:s3cret@host:443/x?token=s3cret#s3cret',
    'ssh://git:s3cret@host/x',
    'git:s3cret@host:x',
  ]) {
    const error = refusal(text);
    assert.equal(error.code, 'url_has_credentials', text);
    assert.doesNotMatch(JSON.stringify({ ...error, message: error.message }), /s3\/?cret/, text);
  }
});

test('a path is a plain real path, with or without .git, however it is reached (R-3)', t => {
  const root = realpathSync(temporaryDirectory(t));
  mkdirSync(join(root, 'tree', '.git'), { recursive: true });
  mkdirSync(join(root, 'bare.git'));
  symlinkSync(join(root, 'tree'), join(root, 'link'));
  const read = (text: string): string => parseRepositoryUrl(text, { from: 'cli', directory: root }).url;
  for (const text of [
    'tree',
    './tree/',
    'tree/.git',
    'link',
    'link/.git/',
    join(root, 'tree'),
    `file://${root}/tree`,
  ]) {
    assert.equal(read(text), join(root, 'tree'), text);
  }
  assert.equal(read('bare.git'), join(root, 'bare.git'));
  assert.equal(read('bare'), join(root, 'bare.git'));
  assert.equal(parseRepositoryUrl('tree', { from: 'cli', directory: root }).host, 'local');
});

test('a path where nothing is says so, and means the host where it looks like one (R-10)', t => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'file'), '');
  for (const text of ['none', 'file']) {
    assert.throws(() => parseRepositoryUrl(text, { from: 'cli', directory }), { code: 'not_a_repository' });
  }
  assert.match(refusal('github.com/git/git', 'cli').hint, /https:\/\/github\.com\/git\/git/);
});

test('over the API only paths below allowed folders, links resolved (R-9)', t => {
  const root = realpathSync(temporaryDirectory(t));
  for (const name of ['open/a', 'open/worktree', 'secret', 'open-not'])
    mkdirSync(join(root, name), { recursive: true });
  symlinkSync(join(root, 'secret'), join(root, 'open', 'link'));
  writeFileSync(join(root, 'open', 'worktree', '.git'), `gitdir: ${root}/secret\n`);
  const allowPaths = [join(root, 'open')];
  assert.equal(
    parseRepositoryUrl(join(root, 'open/a'), { from: 'api', allowPaths }).url,
    join(root, 'open/a'),
  );
  assert.equal(
    parseRepositoryUrl(`file://${root}/open/a`, { from: 'api', allowPaths }).url,
    join(root, 'open/a'),
  );
  for (const path of ['secret', 'open-not', 'open/link', 'open/../secret', 'open/worktree', 'absent']) {
    assert.equal(refusal(`${root}/${path}`, 'api', allowPaths).code, 'url_refused', path);
  }
  assert.equal(refusal(`${root}/open/absent`, 'api', allowPaths).code, 'not_a_repository');
});

const hostPart = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const segment = fc.stringMatching(/^[A-Za-z0-9_~+][A-Za-z0-9._~+-]{0,12}$/);
const anyUrl = fc
  .record({
    scheme: fc.constantFrom('https://', 'HTTP://', 'git://', 'ssh://git@', 'ssh://', 'git@'),
    host: fc.array(hostPart, { minLength: 2, maxLength: 3 }).map(parts => `${parts.join('.')}.org`),
    port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    path: fc.array(segment, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/')),
    tail: fc.constantFrom('', '/', '.git', '.git/', '//', '.git.git'),
  })
  .map(({ scheme, host, port, path, tail }) =>
    scheme.endsWith('//') || scheme.startsWith('ssh')
      ? `${scheme}${host}${port === undefined ? '' : `:${port}`}/${path}${tail}`
      : `${scheme}${host}:${path}${tail}`,
  );

test('normalising is idempotent, and neither host case nor tail matters (R-3)', () => {
  fc.assert(
    fc.property(anyUrl, text => {
      const parsed = parseRepositoryUrl(text, { from: 'api' });
      const again = parseRepositoryUrl(parsed.url, { from: 'api' });
      assert.equal(again.url, parsed.url);
      assert.equal(again.host, parsed.host);
      assert.equal(parseRepositoryUrl(parsed.remote, { from: 'api' }).url, parsed.url);
      assert.equal(parseRepositoryUrl(`${text}/`, { from: 'api' }).url, parsed.url);
    }),
  );
});

test('whatever the text, it is refused by a coded error or is safe to give to git (R-7)', () => {
  const piece = fc.constantFrom(
    'https://',
    'ssh://',
    'file:',
    '-',
    '::',
    '@',
    ':',
    '/',
    '.git',
    '%',
    '[',
    ']',
    '\\',
    '..',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(piece, fc.string()), { maxLength: 8 }).map(p => p.join('')),
  );
  fc.assert(
    fc.property(text, hostile => {
      try {
        const { url, remote, scheme } = parseRepositoryUrl(hostile, { from: 'api' });
        assert.match(remote, /^(?:(?:https?|git|ssh):\/\/)?[a-z0-9_[]/i);
        assert.doesNotMatch(remote, /^[^/[]*::|[\p{Cc}\s]/u);
        assert.equal(parseRepositoryUrl(url, { from: 'api' }).url, url);
        assert.notEqual(scheme, 'file');
      } catch (error) {
        assert.ok(error instanceof SluiceError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test('no shown address holds what stands before its last @ (R-8, T-3)', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9:/?#_-]{6,20}$/), secret => {
      assert.ok(!shownUrl(`https://u:SECRET${secret}@host/x`).includes('SECRET'));
    }),
  );
});

test('a user name without a password is dropped, and not repeated (R-8, R-110)', () => {
  for (const scheme of ['https', 'http', 'git']) {
    const { url, remote } = parseRepositoryUrl(`${scheme}://org.name@host/a/b.git`, { from: 'api' });
    assert.deepEqual([url, remote], [`${scheme}://host/a/b`, `${scheme}://host/a/b.git`]);
  }
});

test('a page of a well-known host is said to be one, and of which repository (R-110)', () => {
  const pages: readonly (readonly [text: string, hint: string])[] = [
    ['https://github.com/o/r/issues/3', 'Give https://github.com/o/r.'],
    ['http://www.github.com/o/r/tree/main', 'Give https://github.com/o/r.'],
    ['https://codeberg.org/o/r/src/branch/main/', 'Give https://codeberg.org/o/r.'],
    ['https://gitlab.com/g/sub/p/-/tree/main', 'Give https://gitlab.com/g/sub/p.'],
    ['https://github.com/o', 'List it as an owner under repos in sluice.yaml.'],
  ];
  for (const [text, hint] of pages) {
    const error = refusal(text);
    assert.deepEqual([error.code, error.hint], ['url_invalid', hint], text);
  }
  for (const text of [
    'https://github.com/o/r.wiki.git',
    'https://gitlab.com/g/sub/sub/issues',
    'https://git.example.com/o/r/issues/3',
    'https://git.example.com/r',
  ])
    assert.equal(urlOf(text), text.replace(/\.git$/, ''));
});
