import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { capturePlan } from '../../../src/gather/capture/settings.ts';
import { loadSources } from '../../../src/gather/capture/sources/definitions.ts';
import { ExecSource } from '../../../src/gather/capture/sources/exec/exec.ts';
import { FileSource, type FileSourceOptions } from '../../../src/gather/capture/sources/file/file.ts';
import { HttpSource } from '../../../src/gather/capture/sources/http/http.ts';
import { topicFits } from '../../../src/gather/capture/sources/mqtt/mqtt.ts';
import { QueryProcess, QuerySource } from '../../../src/gather/capture/sources/query/query.ts';
import type { PushSource, ReadingSource } from '../../../src/gather/capture/sources/source.ts';
import { openLocal } from '../../../src/keep/sqlite/open-local.ts';
import { folderWith } from '../../config/support.ts';
import { selfSigned } from '../../support/certificates.ts';
import { loadConfig } from '../../support/config.ts';
import { until } from '../../support/sluice.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

const patience = () => AbortSignal.timeout(20_000);
const fileSource = (path: string, change: Partial<FileSourceOptions> = {}) =>
  new FileSource({
    path,
    format: 'auto',
    monotonicMs: systemClock.monotonicMs,
    pause: () => new Promise(resolve => setImmediate(resolve)),
    ...change,
  });
const textOf = (raw: unknown): string => (raw as { bytes: Buffer }).bytes.toString();

test('exec: what a program prints; exit 75 is no reading; other failures say why (K-1, K-6)', async () => {
  const run = (script: string) => new ExecSource(['/bin/sh', '-c', script]).read(patience);
  assert.equal(textOf(await run('printf 42')), '42');
  assert.equal(await run('echo ignored; exit 75'), undefined);
  await assert.rejects(run('echo no sensor >&2; exit 3'), /ended with exit code 3: no sensor/);
  await assert.rejects(new ExecSource(['/none/such']).read(patience), {
    code: 'reading_failed',
    message: '/none/such: cannot run it: no such file or directory (ENOENT)',
  });
});

test('exec: a time-out kills the program with all that it started (K-5)', async t => {
  const folder = await tempDirectory(t);
  const alive = join(folder, 'pid');
  const abort = new AbortController();
  const script = `sleep 1000 & echo $! > ${alive}; wait`;
  const reading = new ExecSource(['/bin/sh', '-c', script]).read(() => abort.signal);
  const child = await until('it runs', () => {
    try {
      return Number(readFileSync(alive, 'utf8')) || undefined;
    } catch {
      return undefined;
    }
  });
  abort.abort(new SluiceError('timed_out', 'no reading within 5 ms'));
  await assert.rejects(reading, { code: 'timed_out' });
  await until('its child is gone', () => {
    try {
      return /^State:\s+Z/m.test(readFileSync(`/proc/${child}/status`, 'utf8'));
    } catch {
      return true;
    }
  });
});

test('http: the body of an answer; 204 is no reading; redirects and errors are reported (K-1, K-6)', async t => {
  const server = createServer((request, response) => {
    if (request.url === '/none') response.writeHead(204).end();
    else if (request.url === '/moved') response.writeHead(302, { location: '/' }).end();
    else if (request.url === '/hang') return;
    else
      response
        .writeHead(request.url === '/bad' ? 500 : 200, { 'content-type': 'application/json' })
        .end('{"a":1}');
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const at = async (path: string, signal = patience) => {
    const source = new HttpSource({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    });
    try {
      return await source.read(signal);
    } finally {
      await source.close();
    }
  };
  const answer = await at('/');
  assert.equal(textOf(answer), '{"a":1}');
  assert.equal(await at('/none'), undefined);
  await assert.rejects(at('/bad'), /answered HTTP 500/);
  await assert.rejects(at('/moved'), /answered HTTP 302/);
  const abort = new AbortController();
  setImmediate(() => abort.abort(new SluiceError('timed_out', 'late')));
  await assert.rejects(
    at('/hang', () => abort.signal),
    { code: 'timed_out' },
  );
  await assert.rejects(new HttpSource({ url: 'http://127.0.0.1:1/' }).read(patience), {
    code: 'host_unreachable',
  });
});

test('file: its content, large or small, of /proc too; what cannot be read is reported (K-1)', async t => {
  const folder = await tempDirectory(t);
  const read = async (path: string) => fileSource(path).read(patience);
  writeFileSync(join(folder, 'small'), '41500\n');
  writeFileSync(join(folder, 'large.csv'), 'x'.repeat(5_000_000));
  assert.equal(textOf(await read(join(folder, 'small'))), '41500\n');
  const large = await read(join(folder, 'large.csv'));
  assert.deepEqual([textOf(large).length, (large as { extension?: string }).extension], [5_000_000, 'csv']);
  assert.match(textOf(await read('/proc/self/stat')), /^\d+ \(/);
  await assert.rejects(read(join(folder, 'none')), /none: cannot read it: no such file or directory/);
  mkdirSync(join(folder, 'directory'));
  await assert.rejects(read(join(folder, 'directory')), { code: 'reading_failed' });
});

test('a file that is slow again and again is read in the pool for a minute, one that was slow once is not (K-4)', async t => {
  const path = join(await tempDirectory(t), 'heat');
  writeFileSync(path, '41500\n');
  let nowMs = 0;
  let readMs = 0;
  const source = fileSource(path, {
    monotonicMs: () => {
      nowMs += readMs;
      return nowMs;
    },
  });
  // The first one finds out on what file system it lies.
  await source.read(patience);
  const isPooled = async (tookMs: number): Promise<boolean> => {
    readMs = tookMs;
    const answer = source.read(patience);
    readMs = 0;
    assert.equal(textOf(await answer), '41500\n');
    return answer instanceof Promise;
  };
  const ways = [];
  for (const tookMs of [6, 0, 6, 6, 0, 6, 6, 6, 0, 0]) ways.push(await isPooled(tookMs));
  assert.deepEqual(ways, [...Array(8).fill(false), true, true]);
  nowMs += 60_000;
  assert.equal(await isPooled(0), false);
});

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

test("query: rows of the station's own database, which it cannot change (K-1, K-2)", async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const journal = await openLocal(path, { clock: systemClock }).openCaptures();
  t.after(() => journal.close());
  const queries = new QueryProcess(path);
  t.after(() => queries.close());
  const ask = (sql: string, signal = patience) => new QuerySource(sql, queries).read(signal);
  assert.deepEqual(
    await ask("SELECT 9007199254740993 AS big, 'x\"y' AS text, NULL AS none, x'00ff' AS bytes"),
    {
      json: '[{"big":9007199254740993,"text":"x\\"y","none":null,"bytes":"00ff"}]',
    },
  );
  assert.deepEqual(await ask('SELECT count(*) AS files FROM capture_files'), { json: '[{"files":0}]' });
  await assert.rejects(ask('DELETE FROM capture_files'), /readonly/);
  await assert.rejects(ask(`ATTACH '${path}2' AS other`), /not authorized/);
  await assert.rejects(ask('SELECT * FROM nowhere'), /no such table/);
  await assert.rejects(ask('SELECT zeroblob(20000000) AS large'), /more than 16 MiB of rows/);
});

test('query: a table of a store that is on a server is refused, not found empty (F-409)', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const journal = await openLocal(path, { clock: systemClock }).openCaptures();
  t.after(() => journal.close());
  const queries = new QueryProcess(path, true);
  t.after(() => queries.close());
  const ask = (sql: string) => queries.ask(sql, patience());
  for (const sql of ['SELECT url FROM Repositories', 'SELECT count(*) FROM commits'])
    await assert.rejects(ask(sql), /is in the Postgres of "store"/);
  assert.equal(await ask('SELECT count(*) AS files FROM capture_files'), '[{"files":0}]');
});

test('query: one without an end is ended when its time is up, and the next one is answered (K-100)', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const journal = await openLocal(path, { clock: systemClock }).openCaptures();
  t.after(() => journal.close());
  const queries = new QueryProcess(path);
  t.after(() => queries.close());
  const endless = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c';
  const abort = new AbortController();
  const first = queries.ask('SELECT 1 AS one', patience());
  const asked = queries.ask(endless, abort.signal);
  await first;
  abort.abort(new SluiceError('timed_out', 'no reading within 1 s'));
  await assert.rejects(asked, { code: 'timed_out' });
  assert.equal(await queries.ask('SELECT 2 AS two', patience()), '[{"two":2}]');
});

test('query: the process of queries ends with the station that asked, in the middle of a query too (K-100)', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const journal = await openLocal(path, { clock: systemClock }).openCaptures();
  t.after(() => journal.close());
  const module = new URL('../../../src/gather/capture/sources/query/query.ts', import.meta.url);
  const script = `
    import { readFileSync } from 'node:fs';
    const { QueryProcess } = await import('${module}');
    const queries = new QueryProcess('${path}');
    const { signal } = new AbortController();
    // As collectors' timers do.
    setInterval(() => undefined, 1000);
    await queries.ask('SELECT 1', signal);
    queries.ask('WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c', signal);
    setTimeout(() => {
      const children = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim();
      process.stdout.write(children + '\\n', () => process.kill(process.pid, 'SIGKILL'));
    }, 200);`;
  const node = ['--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8', timeout: 30_000 });
  const child = Number(stdout);
  assert.ok(child > 1, stdout + stderr);
  await until('it has ended', () => !existsSync(`/proc/${child}`) || isZombie(child));
});

test('mqtt: topics fit filters as MQTT has it (K-3)', () => {
  const fits: [string, string, boolean][] = [
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', 'x/y', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['$share/group/s/#', 's/1', true],
    ['$share/group/s/#', 't/1', false],
    ['$share/group/#', '$SYS/x', false],
    ['$queue/s/+', 's/1', true],
  ];
  for (const [filter, topic, expected] of fits)
    assert.equal(topicFits(filter, topic), expected, `${filter} ${topic}`);
});

test('what a collector names is planned and opened as its kind wants it (K-1)', async t => {
  const folder = await folderWith(t, {
    'sluice.yaml': `capture:
  station: robot-7
  mqtt: {url: "mqtt://127.0.0.1:1"}
  collectors:
    - {name: program, every: 1s, to: s3://local/outbox, exec: [/bin/echo, hello]}
    - {name: page, every: 1s, to: s3://local/outbox, http: "http://127.0.0.1:1/", headers: {X-Key: abc}, username: station}
    - {name: content, every: 1s, to: s3://local/outbox, file: sluice.yaml}
    - {name: rows, every: 1s, to: s3://local/outbox, query: SELECT 1 AS one}
    - {name: messages, to: s3://local/outbox, mqtt: a/+}
    - {name: newest, every: 1s, to: s3://local/outbox, mqtt: a/b}
`,
  });
  const database = join(folder, 'sluice.db');
  await openLocal(database, { clock: systemClock })
    .openCaptures()
    .then(captures => captures.close());
  const { config } = await loadConfig({ env: {}, cwd: folder });
  const plan = capturePlan({ capture: config.capture, database });
  assert.deepEqual(
    plan.collectors.map(({ source }) => source),
    [
      { method: 'exec', command: ['/bin/echo', 'hello'] },
      {
        method: 'http',
        url: 'http://127.0.0.1:1/',
        headers: { 'X-Key': 'abc' },
        username: 'station',
        password: null,
        caFile: null,
        certificateFile: null,
        keyFile: null,
      },
      { method: 'file', path: join(folder, 'sluice.yaml') },
      { method: 'query', sql: 'SELECT 1 AS one' },
      { method: 'mqtt', topic: 'a/+' },
      { method: 'mqtt', topic: 'a/b' },
    ],
  );
  const sources = await loadSources({
    clock: systemClock,
    database,
    isStoreShared: false,
    station: 'robot-7',
    broker: plan.broker,
  });
  const [program, page, content, rows, messages, newest] = plan.collectors.map(one => sources.open(one));
  t.after(async () => {
    await Promise.all([program, page, content, rows, messages, newest].map(source => source?.close()));
    await sources.close();
  });
  const read = async (source: PushSource | ReadingSource | undefined) =>
    source && 'read' in source ? await source.read(patience) : assert.fail('it cannot be read');
  assert.equal(textOf(await read(program)), 'hello\n');
  assert.match(textOf(await read(content)), /^capture:/);
  assert.deepEqual(await read(rows), { json: '[{"one":1}]' });
  await assert.rejects(read(page), { code: 'host_unreachable' });
  assert.ok(messages && 'listen' in messages, 'without an interval every message is a reading');
  assert.ok(newest && 'read' in newest, 'with one the newest is');
});

test('http: authorities of one’s own, a client certificate, and renewed files after a failure (K-600)', async t => {
  const folder = await tempDirectory(t);
  const own = selfSigned(folder);
  const client = selfSigned(folder, 'client');
  const server = createTlsServer(
    { cert: own.cert, key: own.key, ca: client.cert, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const { authorized } = request.socket as TLSSocket;
      response.writeHead(authorized ? 200 : 401).end(String(request.headers['x-api-key']));
    },
  );
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const headers = { 'x-api-key': 'seven' };
  const { certFile: certificateFile, keyFile } = client;
  await assert.rejects(new HttpSource({ url, headers, certificateFile, keyFile }).read(patience), {
    message: /no TLS connection: its certificate is signed by itself and not trusted$/,
    hint: /caFile/,
  });
  const caFile = join(folder, 'ca.pem');
  const source = new HttpSource({ url, headers, caFile, certificateFile, keyFile });
  t.after(() => source.close());
  await assert.rejects(source.read(patience), { message: /ca\.pem/ });
  copyFileSync(own.certFile, caFile);
  assert.equal(textOf(await source.read(patience)), 'seven');
  await assert.rejects(new HttpSource({ url, headers, caFile }).read(patience), { message: /401/ });
  const strict = createTlsServer({ cert: own.cert, key: own.key, ca: client.cert, requestCert: true });
  t.after(() => strict.close());
  strict.listen(0, '127.0.0.1');
  await once(strict, 'listening');
  const wants = `https://127.0.0.1:${(strict.address() as AddressInfo).port}/`;
  await assert.rejects(new HttpSource({ url: wants, headers, caFile }).read(patience), {
    message: /no TLS connection: the server broke it off \(certificate required\)$/,
    hint: /certificateFile and keyFile/,
  });
});
