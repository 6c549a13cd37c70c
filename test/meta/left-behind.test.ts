import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { killAtExit } from '../support/left-behind.ts';
import { until } from '../support/sluice.ts';

const PROCESS = join(import.meta.dirname, '../support/left-behind-process.ts');

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`a test file that ${signal} ends leaves no folder and no process behind`, async () => {
    const file = spawn(process.execPath, [PROCESS], { stdio: ['ignore', 'ignore', 'pipe'] });
    killAtExit(file);
    let said = '';
    file.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [, path = '', pid] = await until(
      'it says what it has',
      () => /^has (\S+) (\d+)$/m.exec(said) ?? undefined,
    );
    assert.ok(existsSync(path) && isAlive(Number(pid)));
    file.kill(signal);
    const [code] = await once(file, 'close');
    assert.equal(code, signal === 'SIGINT' ? 130 : 143);
    assert.equal(existsSync(path), false);
    await until('its child has ended', () => !isAlive(Number(pid)));
  });
}
