import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDestination } from '../../src/deliver/copy/destination.ts';
import { announce, announceStart } from '../../src/station/announce.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { runHere } from './run-here.ts';

/** The number of a process that has ended. */
function endedProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

test('looking at a database that is not there says so, where and what to do, and ends with 1 (S-141)', async t => {
  const root = await tempDirectory(t);
  for (const command of [
    ['status'],
    ['status', '--json'],
    ['deliveries', 'ls'],
    ['failed', 'ls'],
    ['failed', 'drop', '--all'],
  ]) {
    const { code, stdout, stderr } = await runHere([...command, '--root', root, '--database', '/no/such.db']);
    assert.equal(code, 1, command.join(' '));
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /no database \/no\/such\.db, and no station is running on .*\n.*sluice up.*--database/,
    );
  }
});

test('a database by the address of a server is a faulty setting, and its password is not shown (S-140)', async () => {
  const { code, stderr } = await runHere(['status', '--database', 'postgres://me:hunter2@db/sluice']);
  assert.equal(code, 2);
  assert.match(stderr, /--database.*is an address, and must be a path of this machine/);
  assert.doesNotMatch(stderr, /hunter2/);
});

test('after a kill -9 of the station a command says that none runs, and names no network (S-142)', async t => {
  const root = await tempDirectory(t);
  const ask = () => runHere(['sync', 'now', '--root', root]);
  const none = await ask();
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no station is running on .*\n.*sluice up/);
  // The port may have passed on to somebody else.
  const other = createServer((_request, response) => response.end('<html>'));
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  for (const url of ['http://127.0.0.1:1', `http://127.0.0.1:${port}`]) {
    const pid = endedProcess();
    writeFileSync(join(root, 'station.json'), JSON.stringify({ url, pid }));
    const { code, stderr } = await ask();
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`no station is running on .*process ${pid}`));
    assert.match(stderr, /sluice up/);
    assert.doesNotMatch(stderr, /network|unreachable/i);
  }
  writeFileSync(join(root, 'station.json'), JSON.stringify({ url: 'http://127.0.0.1:1', pid: process.pid }));
  assert.match((await ask()).stderr, /no station is running on .*nothing listens/);
});

test('a command says of a station that starts or stops that it does, unless its process has ended (S-142)', async t => {
  const root = await tempDirectory(t);
  const ask = () => runHere(['sync', 'now', '--root', root]);
  for (const service of [announceStart(root), announce(root, () => 'http://127.0.0.1:1')]) {
    const passing = service.name === 'announcement' ? 'stopping' : 'starting';
    await (passing === 'stopping' ? service.stop() : service.start());
    const { code, stderr } = await ask();
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`the station on .* is still ${passing} .*\\n.*Try again`));
  }
  writeFileSync(join(root, 'station.json'), JSON.stringify({ passing: 'starting', pid: endedProcess() }));
  assert.match((await ask()).stderr, /no station is running/);
});

test('what is misspelt is met with what was likely meant, and hints name something to do (S-503)', async t => {
  const root = await tempDirectory(t);
  const missing = await runHere(['config', 'check', '--config', '/no/such.yaml']);
  assert.match(missing.stderr, /does not exist\n {2}.*config init -o/);
  const limit = await runHere(['deliveries', 'ls', '--root', root, '--limit', 'x']);
  assert.match(limit.stderr, /whole number.*\n.*--all/);
  const state = await runHere(['deliveries', 'ls', '--root', root, '--state', 'nope']);
  assert.match(state.stderr, /no state of a file\n {2}There are incoming_tmp, .*waiting/);
  const destinations = [
    ['outbox', 's3://local/outbox/'],
    ['s3://outbox', 's3://local/outbox/'],
    ['pictures/family/2026/', 's3://pictures/family/2026/'],
  ];
  for (const [given = '', meant] of destinations)
    assert.throws(() => parseDestination(given), {
      code: 'destination_invalid',
      hint: `Did you mean "${meant}"?`,
    });
  assert.throws(() => parseDestination('../up'), { hint: /Name a profile/ });
});

test('on a terminal messages fit its columns, and JSON and what is kept stay as they are (S-630)', async t => {
  const root = await tempDirectory(t);
  const mistakes = [
    ['completion', 'powershell'],
    ['status', '--database', '/no/such.db', '--root', root],
    ['sync', 'now', '--root', root],
    ['deliveries', 'ls', '--root', root, '--state', 'nope'],
  ];
  for (const args of mistakes) {
    const wide = await runHere(args);
    const { stderr } = await runHere(args, { NO_COLOR: '1' }, 40);
    for (const line of stderr.split('\n')) assert.ok(line.length <= 40 || !/\S /.test(line.trim()), line);
    assert.equal(stderr.replace(/\s+/g, ' '), wide.stderr.replace(/\s+/g, ' '));
    assert.ok(stderr.split('\n').length > wide.stderr.split('\n').length, args.join(' '));
  }
  for (const args of [
    ['config', 'show', '--json'],
    ['config', 'init'],
    ['config', 'schema'],
  ])
    assert.equal((await runHere(args, {}, 40)).stdout, (await runHere(args)).stdout, args.join(' '));
});
