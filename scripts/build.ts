/**
 * Writes `dist/`, which the package ships: JavaScript and declarations of `src`, and the pages, bundled.
 * A checkout never runs it: there, Node runs the source as it stands, and the station bundles the pages.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { bundlePages } from '../src/server/pages/bundle.ts';

const ROOT = resolve(import.meta.dirname, '..');
const DIST = resolve(ROOT, 'dist');

// What a source that is gone has left must not be shipped.
rmSync(DIST, { recursive: true, force: true });
execFileSync('tsc', ['--checkers', '1', '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
for (const [name, content] of await bundlePages(resolve(ROOT, 'src/web'))) {
  const path = resolve(DIST, 'web', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
