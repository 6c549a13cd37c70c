import assert from 'node:assert/strict';
import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/config/faults.ts';
import { MAX_FILE_BYTES } from '../../src/config/load.ts';
import { loadConfig, schema } from '../support/config.ts';
import { faultsOf, folderWith, linesOf, load } from './support.ts';

test('every fault is reported at once, with its line, its path and what would be right (S-9)', async t => {
  const yaml = `server:
  prot: 1
  host: 0.0.0.0
  port: http
schedule: {minInterval: 9h, quiet: maybe}
repos:
  - -x
  - url: 3
    uri: 1
  - 5
  - {}
hosts:
  GitHub.com: {token: a}
  b.c:
cache:
  maxSize: "5 gigs"
  minFreeDisk:
minFreeDisk: 3GiB
git: [1]
log: loud
colour: red
`;
  assert.deepEqual(await linesOf(t, yaml), [
    'sluice.yaml:1:1 server.token: is missing, and server.host 0.0.0.0 is no loopback address; set it, tokenFile or SLUICE_TOKEN',
    'sluice.yaml:2:3 server.prot: is not a known setting; did you mean port?',
    'sluice.yaml:4:3 server.port: "http" must be a whole number from 0 to 65535',
    'sluice.yaml:5:1 schedule.maxInterval: is shorter than schedule.minInterval (9h)',
    'sluice.yaml:5:29 schedule.quiet: "maybe" must be true or false',
    'sluice.yaml:7:5 repos[0]: "-x" is not the URL of a repository: it begins with "-"',
    'sluice.yaml:8:5 repos[1].url: 3 must be the URL of a repository',
    'sluice.yaml:9:5 repos[1].uri: is not a known setting; did you mean url?',
    'sluice.yaml:10:5 repos[2]: 5 must be the URL of a repository',
    'sluice.yaml:11:5 repos[3].url: is missing; give url or owner',
    'sluice.yaml:13:3 hosts["GitHub.com"]: is not a host name; write it in lower case, without scheme or path',
    'sluice.yaml:14:3 hosts["b.c"].token: is missing; set it or tokenFile',
    'sluice.yaml:16:3 cache.maxSize: "5 gigs" is not a size; write it like 256KiB or 5GiB',
    'sluice.yaml:17:3 cache.minFreeDisk: has no value; it is not a size; write it like 256KiB or 5GiB',
    'sluice.yaml:18:1 minFreeDisk: is not a known setting; did you mean cache.minFreeDisk?',
    'sluice.yaml:19:1 git: must be a mapping of settings',
    'sluice.yaml:20:1 log: must be a mapping of settings',
    'sluice.yaml:21:1 colour: is not a known setting; known here: root, database, store, storeFile, log, server, repos, mailmap, git, hosts, cache, schedule, notify, changesets, bake, insights, sync, deliver, capture',
  ]);
});

test('the error carries the same as data, and exits with 2', async t => {
  const error = await load(t, 'root: ""\n').catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ConfigError);
  assert.equal(error.code, 'config_invalid');
  assert.equal(error.exitCode, 2);
  assert.equal(error.subject, 'sluice.yaml');
  assert.equal(error.message, 'sluice.yaml:1:1 root: "" is empty');
  assert.deepEqual(error.faults, [
    { file: 'sluice.yaml', line: 1, column: 1, path: 'root', message: '"" is empty' },
  ]);
});

test('bounds are named: too small, too large', async t => {
  assert.deepEqual(
    await linesOf(t, 'git: {idleTimeout: 5ms}\nserver: {maxBodySize: 2GiB, requestTimeout: 5}\n'),
    [
      'sluice.yaml:1:7 git.idleTimeout: "5ms" is too small; at least 1s',
      'sluice.yaml:2:10 server.maxBodySize: "2GiB" is too large; at most 1GiB',
      'sluice.yaml:2:29 server.requestTimeout: 5 is not a duration; write it like 6s, 2m or 8h',
    ],
  );
});

test('YAML that is none: with lines, one fault a line (S-9)', async t => {
  const cases: [string, RegExp][] = [
    ['server:\n\tport: 1\n', /^sluice\.yaml:2:\d+ a tab cannot indent; use spaces$/],
    ['root: a\nroot: b\n', /^sluice\.yaml:2:1 this key is given twice in the same mapping; keep one$/],
    ['root: [a\n', /^sluice\.yaml:\d:\d+ not YAML: /],
    ['root: "a\n', /^sluice\.yaml:\d:\d+ not YAML: /],
    ['root: a\n---\nroot: b\n', /^sluice\.yaml:2:1 a second document begins here/],
    ['root: !secret a\n', /^sluice\.yaml:1:7 tags \("!…"\) are not used here/],
    ['root: *nobody\n', /^sluice\.yaml.* alias/],
    ['just words\n', /^sluice\.yaml:1:1 must be a mapping of settings$/],
    ['- a\n- b\n', /^sluice\.yaml must be a mapping of settings$/],
  ];
  for (const [yaml, expected] of cases) {
    const lines = await linesOf(t, yaml);
    assert.equal(lines.length, 1, `${JSON.stringify(yaml)}: ${lines.join(' | ')}`);
    assert.match(lines[0] ?? '', expected);
  }
});

test('a key given twice does not hide the other faults', async t => {
  assert.deepEqual(await linesOf(t, 'root: a\nroot: b\nx: 1\nserver: {prot: 1}\n'), [
    'sluice.yaml:2:1 this key is given twice in the same mapping; keep one',
    'sluice.yaml:3:1 x: is not a known setting; known here: root, database, store, storeFile, log, server, repos, mailmap, git, hosts, cache, schedule, notify, changesets, bake, insights, sync, deliver, capture',
    'sluice.yaml:4:10 server.prot: is not a known setting; did you mean port?',
  ]);
});

test('aliases work, alias bombs and bottomless nesting are refused at once (T-17)', async t => {
  const { config } = await load(t, 'repos: &list [https://a/b]\ncache: {neverEvict: *list}\n');
  assert.deepEqual(config.cache.neverEvict, ['https://a/b']);
  const levels = Array.from({ length: 20 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]`);
  const [bomb] = await linesOf(t, ['l0: &l0 [x]', ...levels].join('\n'));
  assert.match(bomb ?? '', /multiplies its content by aliases/);
  for (const depth of [60, 1000, 5000, 200_000]) {
    const [deep] = await linesOf(t, `root: ${'['.repeat(depth)}${']'.repeat(depth)}`);
    assert.match(deep ?? '', /nested too deeply/, String(depth));
  }
});

test('a file that cannot be read: why', async t => {
  const folder = await folderWith(t, {
    'big.yaml': '#'.repeat(MAX_FILE_BYTES + 1),
    'latin.yaml': Buffer.from('root: \xe4', 'latin1'),
    'dir/x': '',
  });
  await symlink('/dev/zero', join(folder, 'zero.yaml'));
  const fault = async (file: string) => (await faultsOf(loadConfig({ file, env: {}, cwd: folder })))[0];
  assert.deepEqual(await fault('none.yaml'), {
    file: 'none.yaml',
    path: '',
    message: 'cannot be read: it does not exist',
  });
  assert.match((await fault('big.yaml'))?.message ?? '', /larger than 1024 KiB/);
  assert.match((await fault('latin.yaml'))?.message ?? '', /not UTF-8/);
  assert.match((await fault('dir'))?.message ?? '', /it is a folder/);
  assert.match((await fault('zero.yaml'))?.message ?? '', /no regular file/);
  assert.equal((await faultsOf(loadConfig({ env: { SLUICE_CONFIG: 'none.yaml' }, cwd: folder }))).length, 1);
});

test('a file that this user may not read', async t => {
  const folder = await folderWith(t, { 'sluice.yaml': '' });
  await chmod(join(folder, 'sluice.yaml'), 0o000);
  // Root may read everything, so it is somebody else for as long as the file is read, which is before the first await.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  const loading = loadConfig({ env: {}, cwd: folder });
  if (isRoot) process.seteuid?.(0);
  const [fault] = await faultsOf(loading);
  assert.match(fault?.message ?? '', /may not read it/);
});

test('no text at all makes loading end in anything but a configuration or faults', async t => {
  const folder = await folderWith(t, {});
  const { readYaml } = await import('../../src/config/document.ts');
  const { explain } = await import('../../src/config/judge.ts');
  const { prepare } = await import('../../src/config/prepare.ts');
  const { liftConfig } = await import('../../src/config/lift.ts');
  const word = fc.constantFrom(
    'server',
    'port',
    'repos',
    'hosts',
    'cache',
    'config',
    'url',
    'token',
    'tokenFile',
    '__proto__',
    'constructor',
    'null',
    '1',
    '${A}',
    '${',
    'x y',
  );
  const value = fc.letrec(tie => ({
    node: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.constantFrom<unknown>(null, true, 0, -1, 1.5, '5s', '1GiB'),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(word, tie('node'), { maxKeys: 4 }),
    ),
  })).node;
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ab:-[]{}&*!|>\'"%@`#\t\n ,?') }),
    value.map(tree => JSON.stringify(tree)),
  );
  fc.assert(
    fc.property(text, yaml => {
      const { tree, faults, locate } = readYaml(yaml);
      assert.ok(faults.every(({ message }) => message !== ''));
      const report = (path: readonly (string | number)[]): void => void locate(path);
      const lifted = liftConfig(tree, report);
      const prepared = prepare(schema, lifted.tree, { env: { A: 'a' }, base: folder }, report);
      const issues = schema.safeParse(prepared.tree).error?.issues ?? [];
      for (const { path, message } of explain(schema, issues, prepared.tree, prepared.references)) {
        assert.ok(message !== '');
        locate(lifted.original(path));
      }
    }),
    { numRuns: 500 },
  );
});

test('folders that lie in each other, twice the same, or around what is delivered anyway, are faults (D-619)', async t => {
  const folder = (path: string): string => `    - {path: ${path}, to: s3://a/b}\n`;
  const faults = await faultsOf(
    load(
      t,
      `root: /st\ndeliver:\n  folders:\n${['/x', '/x/y', '/x', '/xy', '/', '/st/incoming/a'].map(folder).join('')}`,
    ),
  );
  assert.deepEqual(
    faults.map(({ path, message }) => [path, message.split(/[;,]/)[0]]),
    [
      ['deliver.folders[1].path', 'lies in /x'],
      ['deliver.folders[2].path', 'is named twice'],
      ['deliver.folders[4].path', 'holds /st/incoming'],
      ['deliver.folders[5].path', 'lies in /st/incoming'],
    ],
  );
});

test('metadata of objects is named as headers can be, leaves what is kept anyway, and is not too long (S-9, D-34)', async t => {
  const yaml = (metadata: string): string =>
    `deliver:\n  destinations:\n    - {for: p, cacheControl: no-cache, metadata: ${metadata}}\n`;
  const { config } = await load(t, yaml('{robot-7: "größe"}'));
  const { cacheControl, metadata } = config.deliver.destinations[0] ?? {};
  assert.deepEqual([cacheControl, metadata], ['no-cache', { 'robot-7': 'größe' }]);
  for (const [given, wanted] of [
    ['{"A b": x}', /A b.*a-z/],
    ['{mtime: "1"}', /mtime.*itself/],
    [`{long: ${'x'.repeat(2000)}}`, /2004 bytes/],
  ] as const)
    assert.match((await faultsOf(load(t, yaml(given)))).map(({ message }) => message).join(), wanted);
});

test('a lock says how long or until when, an ACL is one of the canned ones, a pattern has no braces (D-560, D-562)', async t => {
  const yaml = (more: string): string => `deliver:\n  destinations:\n    - {for: p, ${more}}\n`;
  const { config } = await load(t, yaml('acl: private, lock: {mode: compliance, for: 1d}'));
  const { acl, lock } = config.deliver.destinations[0] ?? {};
  assert.deepEqual([acl, lock], ['private', { mode: 'compliance', forMs: 86_400_000, legalHold: false }]);
  for (const [given, wanted] of [
    [yaml('acl: everybody'), /one of private/],
    [yaml('lock: {mode: compliance}'), /for.*legalHold|legalHold/],
    [yaml('lock: {for: 1s}'), /1m|60s|minute/],
    ["deliver:\n  folders:\n    - {path: /x, to: s3://a/b, include: ['*.{jpg,png}']}\n", /braces/],
  ] as const)
    assert.match((await faultsOf(load(t, given))).map(({ message }) => message).join(), wanted);
});

test('an address for messages that is none is a fault, and a key of KMS without its encryption shows no key (S-9, S-11)', async t => {
  const [webhook = ''] = await linesOf(t, 'notify:\n  webhook: secret-of-mine\n');
  assert.match(webhook, /notify\.webhook: must begin with http/);
  assert.doesNotMatch(webhook, /secret-of-mine/);
  const key = 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=';
  const [told = ''] = await linesOf(
    t,
    `deliver:\n  destinations:\n    - { for: a, encryptionKey: ${key} }\n`,
  );
  assert.match(told, /encryption: must be aws:kms .*sse_customer_key_file/);
  assert.doesNotMatch(told, /MDEy/);
});
