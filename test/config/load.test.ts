import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { complete } from '../../src/config/schema.ts';
import { loadConfig, schema } from '../support/config.ts';
import { faultsOf, folderWith, linesOf, load } from './support.ts';

test('without a file everything is at its default, paths start from the current directory', async t => {
  const cwd = await folderWith(t, {});
  const { config, source, sources } = await loadConfig({ env: {}, cwd });
  assert.equal(source, undefined);
  assert.equal(sources.size, 0);
  assert.equal(config.root, join(cwd, 'station'));
  assert.equal(config.database, join(cwd, 'sluice.db'));
  assert.equal(config.cache.directory, join(cwd, 'station/cache'));
  assert.deepEqual([config.server.host, config.server.port, config.log.level], ['127.0.0.1', 8750, 'info']);
});

test('the bounds of the schedule are 2 minutes and 8 hours unless set (C-6)', async t => {
  const { config } = await load(t, '');
  assert.deepEqual(config.schedule, {
    minIntervalMs: 120_000,
    maxIntervalMs: 28_800_000,
    policy: 'linear',
    quiet: false,
  });
});

test('durations and sizes come as numbers under names with their unit', async t => {
  const { config } = await load(t, 'git: {idleTimeout: 1m30s}\ncache: {minFreeDisk: 0, maxSize: 5GB}\n');
  assert.equal(config.git.idleTimeoutMs, 90_000);
  assert.equal(config.cache.minFreeDiskBytes, 0);
  assert.equal(config.cache.maxSizeBytes, 5e9);
});

test('an empty file, one of comments, and sections with every line commented out are all defaults', async t => {
  const { config: defaults } = await load(t, '', { cwd: '/nowhere', env: {} });
  for (const yaml of [
    '',
    '\n\n',
    '# nothing\n',
    '---\n',
    '\ufeff# mark\n',
    'server:\n  # port: 1\nrepos:\nhosts:\n',
  ]) {
    const { config, folder } = await load(t, yaml);
    assert.equal(
      JSON.stringify(config).replaceAll(folder, '/nowhere'),
      JSON.stringify(defaults),
      JSON.stringify(yaml),
    );
  }
});

test('repos takes URLs and mappings with a URL (R-5)', async t => {
  const { config } = await load(
    t,
    'repos:\n  - https://github.com/a/b\n  - url: git@host:c/d\n  - ssh://git@host/e\n',
  );
  assert.deepEqual(
    config.repos.map(({ url }) => url),
    ['https://github.com/a/b', 'git@host:c/d', 'ssh://git@host/e'],
  );
});

test('config.cache is read as it stands, beside cache, each key in one of the two (R-14)', async t => {
  const nested = await load(
    t,
    'config: {cache: {neverEvict: [https://a/b], maxSize: 1GiB}}\ncache: {minFreeDisk: 2GiB}\n',
  );
  assert.deepEqual(nested.config.cache.neverEvict, ['https://a/b']);
  assert.equal(nested.config.cache.maxSizeBytes, 2 ** 30);
  assert.equal(nested.config.cache.minFreeDiskBytes, 2 ** 31);
  assert.ok(!('config' in nested.config));
  const flat = await load(t, 'cache: {neverEvict: [https://a/b]}\n');
  assert.deepEqual(flat.config.cache.neverEvict, ['https://a/b']);
  assert.deepEqual(
    await linesOf(
      t,
      'cache: {maxSize: 1GiB}\nconfig:\n  cache:\n    maxSize: 1GiB\n    minFreDisk: 1\n  x: 1\n',
    ),
    [
      'sluice.yaml:4:5 config.cache.maxSize: is given as cache.maxSize, too; keep one of the two',
      'sluice.yaml:5:5 config.cache.minFreDisk: is not a known setting; did you mean minFreeDisk?',
      'sluice.yaml:6:3 config.x: is not a known setting; known here: cache',
    ],
  );
});

test('command line before environment before file before defaults, and each is named (S-10)', async t => {
  const yaml = 'server: {port: 1, host: 127.0.0.2}\nlog: {level: debug}\n';
  const env = { SLUICE_PORT: '2', SLUICE_LOG_LEVEL: 'warn', SLUICE_HOST: '', SLUICE_TOKEN: 'from-env' };
  const { config, sources } = await load(t, yaml, {
    env,
    overrides: { port: 3, root: 'r', database: undefined },
  });
  assert.equal(config.server.port, 3);
  assert.equal(config.log.level, 'warn');
  assert.equal(config.server.host, '127.0.0.2', 'an empty variable counts as not set');
  assert.equal(config.server.token, 'from-env');
  assert.deepEqual(Object.fromEntries(sources), {
    root: '--root',
    'server.port': '--port',
    'log.level': 'SLUICE_LOG_LEVEL',
    'server.token': 'SLUICE_TOKEN',
  });
});

test('paths: in the file from its folder, elsewhere from the current directory, ~ is home', async t => {
  const cwd = await folderWith(t, {
    'etc/my.yaml': 'root: data\ncache: {directory: ~/clones}\ngit: {allowPaths: [repos, /abs]}\n',
  });
  const env = { HOME: '/home/joe', SLUICE_CONFIG: 'etc/my.yaml', SLUICE_DATABASE: 'here.db' };
  const { config, source } = await loadConfig({ env, cwd });
  assert.equal(source, join(cwd, 'etc/my.yaml'));
  assert.equal(config.root, join(cwd, 'etc/data'));
  assert.equal(config.database, join(cwd, 'here.db'));
  assert.equal(config.cache.directory, '/home/joe/clones');
  assert.deepEqual(config.git.allowPaths, [join(cwd, 'etc/repos'), '/abs']);
});

test('the file: option before SLUICE_CONFIG before ./sluice.yaml', async t => {
  const port = (number: number): string => `server: {port: ${number}}\n`;
  const cwd = await folderWith(t, { 'sluice.yaml': port(1), 'b.yaml': port(2), 'c.yaml': port(3) });
  const env = { SLUICE_CONFIG: 'b.yaml' };
  assert.equal((await loadConfig({ env: {}, cwd })).config.server.port, 1);
  assert.equal((await loadConfig({ env, cwd })).config.server.port, 2);
  assert.equal((await loadConfig({ env, cwd, file: 'c.yaml' })).config.server.port, 3);
});

test('the configuration is frozen to its depths', async t => {
  const { config } = await load(t, 'repos: [https://a/b]\nhosts: {a: {token: t}}\n');
  const check = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    assert.ok(Object.isFrozen(value));
    Object.values(value).forEach(check);
  };
  check(config);
});

test('half the processors read repositories, one at least', () => {
  const parsed = schema.parse({});
  assert.deepEqual(
    [1, 2, 3, 16].map(processors => complete(parsed, processors).bake.threads),
    [1, 1, 1, 8],
  );
  assert.equal(complete(schema.parse({ bake: { threads: 5 } }), 2).bake.threads, 5);
});

test('a server on an address that others reach needs a token (S-16)', async t => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.com', '127.example.com', '1270.0.0.1']) {
    const lines = await linesOf(t, `server:\n  host: "${host}"\n`);
    assert.deepEqual(lines, [
      `sluice.yaml:1:1 server.token: is missing, and server.host ${host} is no loopback address; set it, tokenFile or SLUICE_TOKEN`,
    ]);
    await load(t, `server: {host: "${host}"}\n`, { env: { SLUICE_TOKEN: 'x' } });
  }
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost'])
    await load(t, `server: {host: "${host}"}\n`);
  const faults = await faultsOf(load(t, '', { overrides: { host: '0.0.0.0' } }));
  assert.equal(faults.length, 1);
});

test('a faulty option or variable is named instead of a line', async t => {
  const lines = await linesOf(t, 'server: {port: 5}\n', {
    env: { SLUICE_PORT: '70000', SLUICE_LOG_LEVEL: 'loud' },
  });
  assert.deepEqual(lines, [
    'SLUICE_LOG_LEVEL (log.level): "loud" must be one of trace, debug, info, warn, error, fatal, silent',
    'SLUICE_PORT (server.port): 70000 must be a whole number from 0 to 65535',
  ]);
  assert.match(
    (await linesOf(t, '', { overrides: { port: 'http' } }))[0] ?? '',
    /^--port \(server\.port\): "http" must be/,
  );
});
