import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHere } from './run-here.ts';

const run = (...args: readonly string[]) => runHere(args);

/** Every command there is, by what help lists. */
async function commandsBelow(path: readonly string[]): Promise<string[]> {
  const { stdout } = await run(...path, '--help');
  const [, listed = ''] = /\nCommands:\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
  const names = [...listed.matchAll(/^ {2}(\S+)/gm)].map(([, name = '']) => name);
  const inner = await Promise.all(
    names.filter(name => name !== 'help').map(name => commandsBelow([...path, name])),
  );
  return [path.join(' '), ...inner.flat()];
}

const COMMANDS = await commandsBelow([]);

test('Commands: help lists all that there are (S-4)', () => {
  for (const command of [
    'up',
    'cache evict',
    'config check',
    'failed retry',
    'insights hotspots',
    'people merge',
  ])
    assert.ok(COMMANDS.includes(command), command);
  assert.ok(COMMANDS.length > 45, `${COMMANDS.length}`);
});

for (const command of COMMANDS) {
  test(`sluice ${command} --help says what it does with examples, in 80 columns (S-4)`, async () => {
    const { code, stdout, stderr } = await run(...command.split(' ').filter(Boolean), '--help');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, new RegExp(`^Usage: sluice ${command}`.trim()));
    assert.match(stdout, /\nExamples:\n {2}sluice/);
    assert.match(stdout, /--config <file>/, 'the options that every command takes are shown');
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, `${line.length}: ${line}`);
  });
}

test('sluice --version', async () => {
  assert.deepEqual(await run('--version'), { code: 0, stdout: '1.2.3\n', stderr: '' });
});

test('a command that is another one below a group is told with the group (S-503)', async () => {
  const one = await runHere(['punch-card']);
  assert.equal(one.code, 2);
  assert.match(one.stderr, /unknown command 'punch-card'\n {2}There is "sluice insights punch-card"\.\n/);
  const several = await runHere(['drop']);
  assert.match(several.stderr, /There is "sluice failed drop"\./);
  assert.match(
    (await runHere(['ls'])).stderr,
    /There are "sluice people ls", .*"sluice deliveries ls".* and "/,
  );
  assert.doesNotMatch((await runHere(['nonsense'])).stderr, /There (is|are)/);
});

test('An unknown command is exit 2 with a suggestion (S-5)', async () => {
  const { code, stderr } = await run('statsu');
  assert.equal(code, 2);
  assert.match(stderr, /Did you mean status\?/);
});

test('config init prints a file that is valid, and config schema a schema (S-13)', async () => {
  assert.match((await run('config', 'init')).stdout, /repos:/);
  assert.equal(JSON.parse((await run('config', 'schema')).stdout).type, 'object');
});
