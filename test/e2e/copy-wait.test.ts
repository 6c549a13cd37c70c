import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deliveryPlace, jsonLines } from '../support/delivery-station.ts';
import { sluice, startSluice, startStation } from '../support/sluice.ts';

test('copy --wait ends: no station, another folder or database, an unknown profile, empty files (D-182, D-184)', async t => {
  const place = await deliveryPlace(t);
  place.write('src/a.txt', 'a');
  place.write('src/empty', '');
  const source = join(place.cwd, 'src');
  const copy = (...more: readonly string[]) =>
    place.run('copy', '-r', source, 's3://store/bucket/', '--wait', ...more);
  const alone = await copy();
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /no station is running on .*; nothing was copied\n.*sluice up.*Without --wait/);
  await place.up();
  const elsewhere = await copy('--database', join(place.cwd, 'other.db'));
  assert.equal(elsewhere.code, 2);
  assert.match(elsewhere.stderr, /works on the database .*sluice\.db, not on .*other\.db/);
  const unwaited = await place.run(
    'copy',
    '-r',
    source,
    's3://store/bucket/',
    '--database',
    join(place.cwd, 'other.db'),
  );
  assert.equal(unwaited.code, 2);
  assert.match(unwaited.stderr, /works on the database .*; nothing was copied/);
  const folder = await copy('--server-directory', join(place.cwd, 'other'));
  assert.equal(folder.code, 2);
  assert.match(folder.stderr, /works on the delivery folder .*station, not on .*other/);
  const other = join(place.cwd, 'other');
  mkdirSync(other);
  const stranger = await sluice(t, ['copy', '-r', source, 's3://store/bucket/', '--wait', ...place.args], {
    cwd: other,
  });
  assert.equal(stranger.code, 1);
  assert.match(stranger.stderr, /no station is running on .*other\/station/);
  const done = await copy('--log-level', 'debug');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.stdout, '2 files delivered\n');
  assert.equal(place.server.objects('bucket').size, 2);
  const said = jsonLines<{ msg: string; path: string }>({ stdout: done.stderr });
  const paths = (msg: string) => said.filter(line => line.msg === msg).map(({ path }) => path);
  assert.deepEqual(paths('copied').toSorted(), ['src/a.txt', 'src/empty']);
  assert.deepEqual(paths('delivered').toSorted(), ['src/a.txt', 'src/empty']);
  const again = await copy();
  assert.deepEqual(
    [again.stdout, again.stderr],
    ['2 files delivered\n', ''],
    'no line a file for cron to mail',
  );
});

test('copy --wait ends where the bucket is gone, with --timeout, after Ctrl-C and when the station dies (D-183, D-184)', async t => {
  const place = await deliveryPlace(t);
  const source = place.write('a.txt', 'a');
  const station = await startStation(t, {
    cwd: place.cwd,
    args: place.args,
    yaml: 'deliver: {retryFirst: 1h}\n',
  });
  place.server.faults.add({ kind: 'error', status: 404, code: 'NoSuchBucket', operation: 'PutObject' });
  const gone = await place.run('copy', source, 's3://store/bucket/gone', '--wait');
  assert.equal(gone.code, 1);
  assert.match(
    gone.stderr,
    /not delivered: s3:\/\/store\/bucket\/gone\n.*It waits, and goes once the bucket is there/,
  );
  assert.match(gone.stdout, /^0 files delivered, 1 not delivered yet/);
  place.server.faults.add({
    kind: 'error',
    status: 507,
    code: 'QuotaExceeded',
    operation: 'PutObject',
    times: Number.POSITIVE_INFINITY,
  });
  const late = await place.run('copy', source, 's3://store/bucket/late', '--wait', '--timeout', '4s');
  assert.equal(late.code, 1);
  assert.match(late.stderr, /waiting: \d files? waits? for the bucket store\/bucket: .*\n.*Ctrl-C/);
  assert.match(late.stdout, /^0 files delivered, 1 not delivered yet: the time of --timeout is over/);
  const args = ['copy', source, 's3://store/bucket/cut', '--wait', ...place.args];
  const cut = startSluice(t, args, { cwd: place.cwd });
  await cut.printed(/waiting: /);
  cut.process.kill('SIGINT');
  const { code, stdout } = await cut.ended;
  assert.equal(code, 130);
  assert.match(stdout, /^stopped: 0 files delivered, 1 not delivered yet/);
  const left = startSluice(t, args, { cwd: place.cwd });
  await left.printed(/waiting: /);
  station.process.kill('SIGKILL');
  const end = await left.ended;
  assert.equal(end.code, 1);
  assert.match(end.stdout, /1 not delivered yet: no station is running on .*has ended/);
});
