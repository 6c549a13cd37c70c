/**
 * Writes `dist/`, which the package ships: JavaScript and declarations of `src`, and the files of the pages.
 * A checkout never runs it: there, Node runs the source as it stands.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const DIST = resolve(ROOT, 'dist');

// What a source that is gone has left must not be shipped.
rmSync(DIST, { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
cpSync(resolve(ROOT, 'src/web'), resolve(DIST, 'web'), {
  recursive: true,
  filter: source => basename(source) !== 'tsconfig.json',
});
