import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cli } from '../../src/cli/cli.ts';
import { printRecord } from '../../src/cli/list-deliveries.ts';
import { FILE_STATES } from '../../src/keep/local/journal.ts';
import { enteredRecord } from '../../src/keep/sqlite/local/journal/rows.ts';

test('in the list of deliveries each state stands apart from the path, and paths below each other (D-200)', () => {
  let text = '';
  const out = { write: (more: string) => (text += more) };
  const cli = { env: {}, stdout: out, stderr: out } as unknown as Cli;
  for (const state of FILE_STATES) {
    const identity = { size: 1, mtimeMs: 0, inode: 1 };
    const address = { profile: 'p', bucket: 'b', filepath: 'a' };
    const waits = { nextAttemptAtMs: null, hold: null };
    const entering = { ...address, ...identity, ...waits, state, fileCreationDate: '' };
    printRecord(enteredRecord(entering, 1, '', 0), false, cli);
  }
  const lines = text.trimEnd().split('\n');
  assert.deepEqual(
    lines.map(line => line.trim().split(/ +/).slice(0, 3)),
    FILE_STATES.map(state => ['1', state, 'p/b/a']),
  );
  assert.equal(new Set(lines.map(line => line.indexOf('p/b/a'))).size, 1);
});
