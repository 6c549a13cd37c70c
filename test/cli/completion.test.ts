import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryDirectory } from '../support/temp-directory.ts';
import { runHere } from './run-here.ts';

/** What bash offers after these words, the last one begun. */
async function offered(t: TestContext): Promise<(line: string) => readonly string[]> {
  const script = join(temporaryDirectory(t), 'completion.bash');
  writeFileSync(script, (await runHere(['completion', 'bash'])).stdout);
  execFileSync('bash', ['-n', script]);
  const ask =
    'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; printf "%s\\n" "${COMPREPLY[@]}"';
  return line =>
    execFileSync('bash', ['--norc', '-uc', ask, script, ...line.split(' ')], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean);
}

test('Commands: bash accepts the completion and offers commands, their commands, options and values (S-7)', async t => {
  const after = await offered(t);
  assert.deepEqual(after('sluice co'), ['copy', 'config', 'completion']);
  assert.deepEqual(after('sluice config '), ['check', 'show', 'schema', 'init']);
  assert.deepEqual(after('sluice --config x.yaml failed re'), ['retry']);
  assert.deepEqual(after('sluice config show --j'), ['--json']);
  assert.ok(after('sluice bake --').includes('--database'), 'the options of every command are offered too');
  assert.deepEqual(after('sluice insights commits --by '), ['day', 'week', 'month']);
  assert.deepEqual(after('sluice completion '), ['bash', 'zsh', 'fish']);
  for (const files of ['sluice up --config ', 'sluice copy ./']) assert.deepEqual(after(files), [], files);
});

test('Commands: zsh and fish get scripts that know the same; another shell is a usage error (S-7)', async () => {
  const zsh = (await runHere(['completion', 'zsh'])).stdout;
  assert.match(zsh, /^#compdef sluice\n/);
  assert.match(zsh, /'schema:print the JSON Schema of sluice\.yaml'/);
  const fish = (await runHere(['completion', 'fish'])).stdout;
  assert.match(fish, /-n '__sluice_at "config"' -f -a schema -d 'print the JSON Schema of sluice\.yaml'/);
  for (const text of [zsh, fish]) assert.match(text, /day week month/);
  const other = await runHere(['completion', 'tcsh']);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /bash, zsh, fish/);
});
