/**
 * `npm run test:package`: packs the package, installs it into an empty folder as a user would, with no install
 * script allowed to run, and runs its own tests and those of whole processes (test/e2e) against what was
 * installed. `--node PROGRAM` runs it with another Node. Ends with the exit code of the tests.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');
const TESTS = ['test/package/**/*.test.ts', 'test/e2e/**/*.test.ts'];
const TEST_TIMEOUT_MS = 120_000;

const { values } = parseArgs({ options: { node: { type: 'string', default: process.execPath } } });
const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
try {
  process.exitCode = runTests(installInto(folder));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Answers the folder of the installed package. */
function installInto(place: string): string {
  const npm = (args: readonly string[], cwd: string): string =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const packed = npm(['pack', '--json', '--silent', '--pack-destination', place], ROOT);
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  writeFileSync(join(place, 'package.json'), '{"private": true}\n');
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', filename], place);
  return join(place, 'node_modules/sluice');
}

function runTests(installed: string): number {
  const { status } = spawnSync(
    values.node,
    ['--test', '--test-concurrency=2', `--test-timeout=${TEST_TIMEOUT_MS}`, ...TESTS],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, SLUICE_INSTALLED: installed } },
  );
  return status ?? 1;
}
