import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { killAtExit } from './left-behind.ts';
import { temporaryDirectory } from './temp-directory.ts';

// A test that never ends, for the one that ends its process: it says which folder and which child it has.
test('waits for its end', async t => {
  const path = temporaryDirectory(t);
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  killAtExit(child);
  process.stderr.write(`has ${path} ${child.pid}\n`);
  await new Promise(() => setInterval(() => undefined, 1e6));
});
