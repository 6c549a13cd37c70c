import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { databaseBytes, deliveryPlace, isCompleted, jsonLines } from '../support/delivery-station.ts';
import { type Ended, rows, sluice, standingPlace, startStation, until } from '../support/sluice.ts';

const MIB = 2 ** 20;

test('First minute: without configuration a file dropped into incoming/local/outbox is delivered (S-2)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd });
  const inbox = join(cwd, 'station/incoming/local/outbox');
  assert.ok(station.stdout().includes(`drop files into ${inbox}\n`), station.stdout());
  assert.ok(station.stdout().trim().split('\n').length < 15, station.stdout());
  writeFileSync(join(inbox, 'hello.txt'), 'hello');
  const [record] = await until('it is completed', () => {
    const records = rows(
      join(cwd, 'sluice.db'),
      "SELECT * FROM file_records WHERE current_state = 'completed'",
    );
    return records.length > 0 && records;
  });
  assert.deepEqual([record?.profile, record?.bucket, record?.filepath], ['local', 'outbox', 'hello.txt']);
  assert.equal(record?.upload_outcome, 'success');
  assert.equal(readFileSync(join(cwd, 'station/delivered/outbox/hello.txt'), 'utf8'), 'hello');
  assert.equal(readFileSync(join(cwd, 'station/completed/local/outbox/hello.txt'), 'utf8'), 'hello');
  assert.equal(existsSync(join(inbox, 'hello.txt')), false);
});

test('files of all sizes and names arrive as they are; an empty one waits; no secret is shown (D-8, D-19, D-31, D-33)', async t => {
  const place = await deliveryPlace(t);
  const files = new Map([
    ['one', Buffer.from('1')],
    ['large.bin', randomBytes(12 * MIB)],
    ['deep/er/Größe 100% + ✓.txt', Buffer.from('odd')],
    ['a+b%20c d.txt', Buffer.from('literal')],
  ]);
  place.drop('before', 'already there');
  const station = await place.up('log: {level: trace}\n');
  assert.match(station.stdout(), /incoming\/PROFILE\/BUCKET \(store\)/);
  for (const [name, content] of files) place.drop(name, content);
  place.drop('empty', '');
  await isCompleted(place, files.size + 1);
  await until('the empty file is known', () => place.records("filepath = 'empty'").length === 1);
  for (const [name, content] of files) {
    assert.ok(content.equals(await place.server.read('bucket', name)), name);
    assert.ok(content.equals(readFileSync(join(place.cwd, 'station/completed/store/bucket', name))), name);
  }
  assert.ok(place.server.requests.some(({ operation }) => operation === 'CompleteMultipartUpload'));
  assert.equal(place.server.objects('bucket').size, files.size + 1);
  const listed = jsonLines(await place.run('deliveries', 'ls', '--json'));
  const stationKeys =
    'id profile bucket filepath state outcome attempts nextAttemptAt bytes lastUpdated updatedAt lastError'.split(
      ' ',
    );
  assert.deepEqual(Object.keys(listed[0] ?? {}).slice(0, stationKeys.length), stationKeys);
  const empty = listed.find(({ filepath }) => filepath === 'empty');
  assert.deepEqual([empty?.state, empty?.hold, empty?.bytes], ['incoming', 'empty', 0]);
  const answers = await Promise.all(
    ['/api/v1/status', '/api/v1/deliveries', `/api/v1/deliveries/${listed[0]?.id}`].map(async path =>
      JSON.stringify((await station.ask(path)).body),
    ),
  );
  const doctor = await place.run('doctor', '--json');
  const shown = [station.stdout(), station.stderr(), ...answers, doctor.stdout, doctor.stderr].join('\n');
  const secret = place.server.credential.secretAccessKey;
  assert.equal(shown.includes(secret), false);
  assert.equal(databaseBytes(place.cwd).includes(secret), false);
  assert.match(station.stderr(), /"path":"one","record":\d+/);
});

test('credentials that cannot work stop the start, all that is missing named at once (D-1, D-3)', async t => {
  const cwd = standingPlace(t);
  const path = join(cwd, 'credentials');
  const upWith = async (text: string) => {
    writeFileSync(path, text);
    return sluice(t, ['up', '--port', '0', '--only-credentials', path], { cwd });
  };
  const faulty = await upWith(
    '[plain]\nAWS_ACCESS_KEY_ID = AKID\n[west]\nprovider = amazon\n[flare]\nPROVIDER = cloudflare\naws_region = auto\n',
  );
  assert.equal(faulty.code, 2, faulty.stderr);
  assert.match(faulty.stderr, /profile "plain": no provider/);
  assert.match(faulty.stderr, /profile "west": missing AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION/);
  assert.match(faulty.stderr, /"flare": missing AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT/);
  const none = await upWith('# nothing\n');
  assert.equal(none.code, 2, none.stderr);
  assert.match(none.stderr, /there is no profile in it/);
  const absent = await sluice(t, ['up', '--port', '0', '--only-credentials', join(cwd, 'absent')], { cwd });
  assert.equal(absent.code, 2, absent.stderr);
  assert.match(absent.stderr, /absent/);
});

test('beside an ordinary ~/.aws/credentials a station starts, and says how to name a file (D-141, S-2)', async t => {
  const cwd = standingPlace(t);
  mkdirSync(join(cwd, '.aws'));
  writeFileSync(join(cwd, '.aws/credentials'), '[default]\naws_access_key_id = A\n');
  const station = await startStation(t, { cwd });
  assert.match(station.stdout(), /incoming\/local\/outbox/);
  assert.match(station.stderr(), /"level":40.*default.*--credentials FILE/);
  writeFileSync(join(cwd, 'sluice.yaml'), 'deliver: {strictProfiles: true}\n');
  const strict = await sluice(t, ['--root', 'other', '--database', 'other.db', 'up', '--port', '0'], { cwd });
  assert.equal(strict.code, 2, strict.stderr);
  assert.match(strict.stderr, /"default": no provider.*\n.*--credentials FILE/);
});

test('copy -r --json tells each file in the agreed shape, --dry-run copies nothing, --wait waits (D-26, D-28)', async t => {
  const place = await deliveryPlace(t);
  place.write('photos/a.jpg', 'aa');
  place.write('photos/sub/b c.jpg', 'bbb');
  const source = join(place.cwd, 'photos');
  const target = 's3://store/bucket/2026/';
  const rehearsal = await place.run('copy', '-r', source, target, '--dry-run', '--json');
  assert.equal(rehearsal.code, 0, rehearsal.stderr);
  assert.equal(existsSync(join(place.cwd, 'station/incoming/store/bucket')), false);
  await place.up();
  const copied = await place.run('copy', '-r', source, target, '--json', '--wait');
  assert.equal(copied.code, 0, copied.stderr);
  const lines = jsonLines(copied).toSorted((a, b) => String(a.key).localeCompare(String(b.key)));
  const keys = lines.map(({ key }) => String(key));
  assert.deepEqual(lines, [
    { source: join(source, 'a.jpg'), profile: 'store', bucket: 'bucket', key: keys[0], bytes: 2 },
    { source: join(source, 'sub/b c.jpg'), profile: 'store', bucket: 'bucket', key: keys[1], bytes: 3 },
  ]);
  assert.deepEqual(
    jsonLines(rehearsal)
      .map(({ key }) => key)
      .toSorted(),
    keys,
  );
  assert.deepEqual([...place.server.objects('bucket').keys()].toSorted(), keys);
  for (const key of keys) assert.match(key, /^2026\/.*(a|b c)\.jpg$/);
});

test('copy of a directory without -r and to places that cannot be are usage errors (D-27)', async t => {
  const place = await deliveryPlace(t);
  const file = place.write('folder/file', 'x');
  const folder = join(place.cwd, 'folder');
  const attempts = [
    [folder, 's3://store/bucket/', /is a directory\n.*-r/],
    [file, 'https://store/bucket/x', /scheme must be s3/],
    [file, 's3://nobody/bucket/x', /no profile "nobody"/],
    [file, 's3://store/nowhere/x', /no bucket "nowhere"/],
    [file, 's3://store/bucket/../x', /\.\./],
    [file, 's3://store/bucket//x', /empty/],
    [join(place.cwd, 'absent'), 's3://store/bucket/', /absent/],
  ] as const;
  const results = await Promise.all(attempts.map(([source, uri]) => place.run('copy', source, uri)));
  for (const [index, { code, stderr }] of results.entries()) {
    const [source, uri, words] = attempts[index] ?? [];
    assert.equal(code, 2, `${source} ${uri}: ${code}\n${stderr}`);
    assert.match(stderr, words ?? /never/);
  }
  assert.equal(place.records().length, 0);
});

test('files refused by the server are listed, retried and dropped beside the running station (D-42, S-500)', async t => {
  const place = await deliveryPlace(t);
  for (const key of ['a.csv', 'b.csv', 'c.log', 'd.old'])
    place.server.faults.add({
      kind: 'error',
      operation: 'PutObject',
      key,
      status: 403,
      code: 'AccessDenied',
    });
  await place.up('sync: {interval: 500ms}\n');
  for (const name of ['a.csv', 'b.csv', 'c.log', 'd.old']) place.drop(name, name);
  await until('all have failed', () => place.records("current_state = 'failed'").length === 4);
  const failed = jsonLines<{ lastError: { code: string } }>(await place.run('failed', 'ls', '--json'));
  assert.deepEqual([...new Set(failed.map(({ lastError }) => lastError.code))], ['access_denied']);
  const causes = (await place.run('failed', 'ls')).stdout;
  assert.match(
    causes,
    /^4 {2}access_denied .*\n.*as store\/bucket\/[\s\S]*→ [\s\S]*failed\s+retry\s+--cause\s+access_denied/,
  );
  assert.ok(causes.trim().split('\n').length < 10, causes);
  assert.match((await place.run('failed', 'ls', '--all')).stdout, /a\.csv[\s\S]*d\.old/);
  assert.match(
    (await place.run('deliveries', 'ls', '--limit', '1')).stdout,
    /\nand 3 more; --all lists them\n$/,
  );
  assert.equal((await place.run('failed', 'retry')).code, 2);
  const none = await place.run('failed', 'retry', '--cause', 'retry');
  assert.match(none.stdout, /^0 will be tried again/);
  assert.match((await place.run('failed', 'drop', '--match', '*.old')).stdout, /^1 removed/);
  assert.match((await place.run('failed', 'retry', '--match', '*.csv')).stdout, /^2 will be tried again/);
  await isCompleted(place, 2);
  const retried = await place.run('failed', 'retry', '--cause', 'access_denied');
  assert.match(retried.stdout, /^1 will be tried again/);
  await isCompleted(place, 3);
  assert.deepEqual([...place.server.objects('bucket').keys()].toSorted(), ['a.csv', 'b.csv', 'c.log']);
  assert.match((await place.run('failed', 'ls')).stdout, /^nothing has failed/);
  assert.equal(existsSync(join(place.cwd, 'station/failed/store/bucket/d.old')), false);
});

test('a bucket that is missing is logged as an error at once; made, its files go with the next sync now (D-30)', async t => {
  const place = await deliveryPlace(t);
  const station = await place.up();
  place.write('station/incoming/store/later/file', 'x');
  place.write('station/incoming/store/later/file2', 'y');
  place.drop('other', 'goes on');
  await isCompleted(place, 1);
  await station.printed(/"level":50.*bucket later of profile store does not exist/);
  await until('the files wait', () => place.records("error_code = 'bucket_missing'").length === 2);
  place.server.createBucket('later');
  assert.equal((await place.run('sync', 'now')).stdout, '2 delivered, 0 failed, 0 to be tried again\n');
  assert.equal(place.server.objects('later').size, 2);
  assert.equal(station.stderr().match(/"level":50/g)?.length, 1);
});

test('doctor says what works, and what does not with what to do (D-7, S-505)', async t => {
  const place = await deliveryPlace(t);
  const good = await place.run('doctor');
  assert.equal(good.code, 0, good.stdout);
  assert.match(good.stdout, /ok +put +stored bucket\//);
  for (const check of ['configuration', 'git', 'disk', 'clock', 'watches', 'open files', 'port'])
    assert.match(good.stdout, new RegExp(`ok +${check} `), good.stdout);
  assert.equal(place.server.objects('bucket').size, 0);
  const path = join(place.cwd, 'credentials');
  const wrong = readFileSync(path, 'utf8').replace(/(secret_access_key = ).*/, '$1wrong');
  writeFileSync(path, wrong.replaceAll('store', 'wrong'));
  const bad = await place.run('doctor', '--json');
  assert.equal(bad.code, 1, bad.stdout);
  const [answer] = jsonLines<{ profile: string; steps: { step: string; outcome: string; hint?: string }[] }>(
    bad,
  );
  const step = answer?.steps.find(({ outcome }) => outcome === 'failed');
  assert.deepEqual([answer?.profile, step?.step], ['wrong', 'authenticate']);
  assert.ok(step?.hint);
  assert.equal((await place.run('doctor', 'nobody')).code, 2);
  const database = join(place.cwd, 'sluice.db');
  writeFileSync(
    database,
    'nothing that SQLite could read, though it is long enough to be taken for a page of it'.repeat(99),
  );
  const port = createServer().listen(0, '127.0.0.1');
  await once(port, 'listening');
  t.after(() => port.close());
  const taken = String((port.address() as { port: number }).port);
  const broken = await sluice(t, ['doctor', '--json'], { cwd: place.cwd, env: { SLUICE_PORT: taken } });
  const faults = jsonLines<{ check?: string; outcome: string; hint?: string }>(broken).filter(
    ({ check, outcome }) => check !== undefined && outcome === 'failed',
  );
  assert.deepEqual(
    faults.map(({ check }) => check),
    ['database', 'port'],
    broken.stdout,
  );
  for (const { hint } of faults) assert.ok(hint);
});

test('a backup of a station at work is whole, and a station that begins with it loses no file (S-506)', async t => {
  const place = await deliveryPlace(t);
  const station = await place.up('sync: {interval: 500ms}\n');
  const names = Array.from({ length: 60 }, (_, number) => `f${number}`);
  const copies: Promise<Ended>[] = [];
  for (const [number, name] of names.entries()) {
    place.drop(name, name);
    if (number % 20 === 0) copies.push(place.run('backup', 'backup.db', '--json'));
  }
  for (const { code, stdout, stderr } of await Promise.all(copies)) {
    assert.equal(code, 0, stderr);
    assert.ok(JSON.parse(stdout).bytes > 0);
  }
  await isCompleted(place, names.length);
  station.process.kill('SIGKILL');
  await station.ended;
  const backup = join(place.cwd, 'backup.db');
  assert.deepEqual(rows(backup, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  assert.equal(statSync(backup).mode & 0o777, 0o600);
  for (const ending of ['', '-wal', '-shm']) rmSync(join(place.cwd, `sluice.db${ending}`), { force: true });
  renameSync(backup, join(place.cwd, 'sluice.db'));
  await place.up('sync: {interval: 500ms}\n');
  place.drop('after', 'after');
  await until('the new one is there', () => place.server.objects('bucket').has('after'));
  for (const name of names) {
    assert.equal((await place.server.read('bucket', name)).toString(), name);
    assert.ok(existsSync(join(place.cwd, 'station/completed/store/bucket', name)), name);
  }
  const own = await place.run('backup', 'sluice.db');
  assert.equal(own.code, 2);
  assert.match(own.stderr, /is the database itself/);
  const places = [
    ['no/such/folder/file', 2, /there is no folder/],
    ['station', 2, /is a folder/],
    ['/proc/file', 1, /cannot open or write/],
  ] as const;
  for (const [file, code, words] of places) {
    const ended = await place.run('backup', file);
    assert.deepEqual([ended.code, words.test(ended.stderr)], [code, true], ended.stderr);
  }
  assert.deepEqual(
    readdirSync(place.cwd).filter(name => name.includes('partial')),
    [],
  );
});
