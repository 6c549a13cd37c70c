import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { substitute } from '../../src/config/environment.ts';
import { maskConfig, showConfig } from '../../src/config/show.ts';
import { loadConfig, schema } from '../support/config.ts';
import { faultsOf, folderWith, linesOf, load } from './support.ts';

test('environment variables take the place of ${NAME}, in keys never (S-11)', async t => {
  const env = { TOKEN: '12345', PORT: '99', QUIET: 'true', A: 'x', LEVEL: 'debug' };
  const yaml = `hosts: {github.com: {token: "\${TOKEN}", username: "a-\${A}-\${A}"}}
server: {port: "\${PORT}"}
schedule:
  quiet: \${QUIET}
log: {level: "\${LEVEL}"}
`;
  const { config } = await load(t, yaml, { env });
  assert.deepEqual(config.hosts['github.com'], { token: '12345', username: 'a-x-x', tokens: [] });
  assert.deepEqual([config.server.port, config.schedule.quiet, config.log.level], [99, true, 'debug']);
  assert.equal((await linesOf(t, 'hosts: {"${A}": {token: t}}\n', { env })).length, 1);
});

test('a missing variable is a fault at its line; a faulty value is quoted as the file has it', async t => {
  assert.deepEqual(
    await linesOf(t, 'root: ${NOPE}/x\nserver:\n  port: ${PORT}\n  token: ${}\n', {
      env: { PORT: 'hidden' },
    }),
    [
      'sluice.yaml:1:1 root: names the environment variable NOPE, which is not set',
      'sluice.yaml:3:3 server.port: "${PORT}" must be a whole number from 0 to 65535',
      'sluice.yaml:4:3 server.token: holds "${" without a variable name and "}" after it; write "$${" for the characters themselves',
    ],
  );
});

test('substitution: text without "${" stays, "$${" becomes "${", values are not looked into', () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
  const plain = fc.string().filter(text => !text.includes('${') && !text.endsWith('$'));
  fc.assert(
    fc.property(plain, name, fc.string(), plain, (before, key, value, after) => {
      const env = { [key]: value };
      assert.deepEqual(substitute(before, env), { text: before, substituted: false, faults: [] });
      assert.equal(substitute(`${before}\${${key}}${after}`, env).text, before + value + after);
      assert.deepEqual(substitute(`${before}$\${${key}}${after}`, env), {
        text: `${before}\${${key}}${after}`,
        substituted: false,
        faults: [],
      });
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'A', 'B', '-') }), text => {
      const { faults, text: result } = substitute(text, { A: 'a' });
      assert.ok(faults.length > 0 || !/(^|[^$])\$\{/.test(text) || result !== text, text);
    }),
  );
  assert.equal(substitute('${toString}', {}).faults.length, 1, 'only what is set counts');
});

test('a secret may come from a file, relative to the configuration (S-11)', async t => {
  const cwd = await folderWith(t, {
    'etc/s.yaml': 'server: {tokenFile: t}\nhosts: {h: {tokenFile: t}}\n',
    'etc/t': '  top\n',
  });
  const { config } = await loadConfig({ file: 'etc/s.yaml', env: {}, cwd });
  assert.equal(config.server.token, 'top');
  assert.equal(config.hosts.h?.token, 'top');
  assert.equal(config.server.tokenFile, join(cwd, 'etc/t'));
  const over = await loadConfig({ file: 'etc/s.yaml', env: { SLUICE_TOKEN: 'mine' }, cwd });
  assert.deepEqual([over.config.server.token, over.config.server.tokenFile], ['mine', undefined]);
});

test('a secret file that cannot be used, or stands beside the secret, is a fault', async t => {
  const cwd = await folderWith(t, { empty: ' \n', big: 'x'.repeat(70_000), 'dir/x': '', t: 'a\nb', ok: 'a' });
  const yaml = (file: string): string => `server: {tokenFile: ${join(cwd, file)}}\n`;
  const fault = async (file: string): Promise<string> => (await linesOf(t, yaml(file))).join('\n');
  assert.match(
    await fault('none'),
    /^sluice\.yaml:1:10 server\.tokenFile: names a file that cannot be used: it does not exist$/,
  );
  assert.match(await fault('empty'), /empty$/);
  assert.match(await fault('big'), /larger than 65536 bytes$/);
  assert.match(await fault('dir'), /it is a folder$/);
  assert.match(await fault('t'), /server\.token: holds a control character or line break$/);
  assert.deepEqual(await linesOf(t, `server:\n  token: a\n  tokenFile: ${join(cwd, 'ok')}\n`), [
    'sluice.yaml:3:3 server.tokenFile: is given besides token; keep one of the two',
  ]);
});

test('no fault quotes a secret, wherever it was put by mistake (S-11)', async t => {
  const env = { SECRET: 'hunter2\n' };
  const cases = [
    'hosts: {github.com: hunter2}\n',
    'hosts: hunter2\n',
    'hosts: {github.com: {token: [hunter2]}}\n',
    'hosts: {github.com: {tokn: hunter2}}\n',
    'server: {token: " hunter2"}\n',
    'server: hunter2\n',
    'hunter2\n',
    'server: {token: "a"} hunter2\n',
    'server: {token: [}\nhunter2\n',
    'repos: [https://joe:hunter2@host/x]\n',
    'cache: {neverEvict: [https://hunter2@host/x]}\n',
    'repos: [ssh://joe:hunter2@host/x]\n',
    'repos: [{url: https://joe:hunter2@host/x}]\n',
    'root: "${SECRET}"\n',
    'server: {port: "${SECRET}", token: "${SECRET}"}\n',
  ];
  for (const yaml of cases) {
    const lines = await linesOf(t, yaml, { env });
    assert.ok(lines.length > 0);
    assert.ok(!lines.join('\n').includes('hunter2'), lines.join('\n'));
  }
});

test('config show: secrets masked, in the form of the file, origins noted; what it shows loads as the same (S-10, S-11)', async t => {
  const yaml = `root: /data
server: {token: hunter2, requestTimeout: 90s}
hosts: {github.com: {token: hunter2, username: joe}}
repos: [https://a/b, {url: https://c/d}]
cache: {maxSize: 1500MB}
`;
  const loaded = await load(t, yaml, { overrides: { port: 1234 } });
  const masked = maskConfig(loaded.config, schema);
  assert.equal(masked.server.token, '***');
  assert.equal(masked.hosts['github.com']?.token, '***');
  assert.equal(masked.hosts['github.com']?.username, 'joe');
  assert.equal(loaded.config.server.token, 'hunter2', 'the original is untouched');
  const shown = showConfig(loaded, schema);
  assert.ok(!shown.includes('hunter2'));
  assert.match(shown, /^ {2}port: 1234 # from --port$/m);
  assert.match(shown, /^ {2}requestTimeout: 1m30s$/m);
  assert.match(shown, /^ {2}maxSize: 1500MB$/m);
  const again = await load(t, shown);
  assert.deepEqual(maskConfig(again.config, schema), masked);
});

test('config show leaves out a secret beside the file it came from', async t => {
  const cwd = await folderWith(t, { 'sluice.yaml': 'server: {tokenFile: t}\n', t: 'hunter2' });
  const shown = parse(showConfig(await loadConfig({ env: {}, cwd }), schema)) as {
    server: Record<string, unknown>;
  };
  assert.equal(shown.server.tokenFile, join(cwd, 't'));
  assert.ok(!('token' in shown.server));
});

test('faults from secrets are faults of the file, too', async t => {
  const [fault] = await faultsOf(load(t, 'hosts: {a: {token: ""}}\n'));
  assert.deepEqual(fault, {
    file: 'sluice.yaml',
    line: 1,
    column: 13,
    path: 'hosts.a.token',
    message: 'is empty',
  });
});

test('the login and the headers of collectors are masked where the configuration is shown (K-105)', async t => {
  const yaml = `capture:
  collectors:
    - name: meter
      every: 1s
      http: http://user:sesame1@device/now
      password: sesame2
      headers: {X-Api-Key: sesame3, Accept: sesame4}
      to: s3://local/outbox
`;
  const loaded = await load(t, yaml);
  const [collector] = loaded.config.capture.collectors;
  assert.deepEqual((collector as { headers?: unknown }).headers, {
    'X-Api-Key': 'sesame3',
    Accept: 'sesame4',
  });
  const shown = showConfig(loaded, schema);
  assert.doesNotMatch(shown, /sesame/);
  assert.match(shown, /X-Api-Key: "?\*\*\*/);
  assert.doesNotMatch(JSON.stringify(maskConfig(loaded.config, schema)), /sesame/);
  assert.match((await linesOf(t, yaml.replace('X-Api-Key', '"X Key"'))).join(), /is no name of a header/);
  assert.match(
    (await linesOf(t, yaml.replace(/http: .*/, 'file: a'))).join(),
    /has headers, which belongs to http/,
  );
});
