import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { runCli } from '../../src/cli/program.ts';

async function run(...args: string[]) {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args, {
    version: '1.2.3',
    clock: systemClock,
    env: {},
    cwd: '/',
    stdout: { write: text => (stdout += text) },
    stderr: { write: text => (stderr += text) },
    bakeThreadEntry: pathToFileURL('/none'),
    captureThreadEntry: pathToFileURL('/none'),
    webFolder: '/none',
    openKeep: () => Promise.reject(new Error('no command of these opens a database')),
    openJournal: () => Promise.reject(new Error('no command of these opens a journal')),
    openCaptures: () => Promise.reject(new Error('no command of these opens a journal')),
    loadStores: () => Promise.reject(new Error('no command of these opens a store')),
    loadForges: () => Promise.reject(new Error('no command of these asks a code host')),
    stopSignal: () => new AbortController().signal,
  });
  return { code, stdout, stderr };
}

const COMMANDS = [
  '',
  'up',
  'bake',
  'track',
  'untrack',
  'copy',
  'deliveries',
  'deliveries ls',
  'failed',
  'failed ls',
  'failed retry',
  'failed drop',
  'sync',
  'sync now',
  'capture',
  'capture ls',
  'capture files',
  'disk',
  'disk plan',
  'doctor',
  'status',
  'config',
  'config check',
  'config show',
  'config schema',
  'config init',
];
for (const command of COMMANDS) {
  test(`sluice ${command} --help says what it does with examples, in 80 columns`, async () => {
    const { code, stdout, stderr } = await run(...command.split(' ').filter(Boolean), '--help');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, new RegExp(`^Usage: sluice ${command}`.trim()));
    assert.match(stdout, /\nExamples:\n {2}sluice/);
    assert.match(stdout, /--config <file>/, 'the options that every command takes are told');
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, `${line.length}: ${line}`);
  });
}

test('sluice --version', async () => {
  assert.deepEqual(await run('--version'), { code: 0, stdout: '1.2.3\n', stderr: '' });
});

test('An unknown command is exit 2 with a suggestion', async () => {
  const { code, stderr } = await run('statsu');
  assert.equal(code, 2);
  assert.match(stderr, /Did you mean status\?/);
});

test('config init prints a file that is valid, and config schema a schema', async () => {
  assert.match((await run('config', 'init')).stdout, /repos:/);
  assert.equal(JSON.parse((await run('config', 'schema')).stdout).type, 'object');
});
