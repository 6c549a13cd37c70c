/**
 * What many small fetches leave of a clone: `node bench/thousand-fetches.ts [--fetches 1000] [--source REPO]
 * [--full]`. A remote grows along a real history in that many steps; after each its clone is brought up to date and
 * maintained as a bake does it. Then the remote is cloned anew beside it. Prints sizes on the way and ends with one
 * line.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes } from '../src/base/units.ts';
import { parseRepositoryUrl } from '../src/gather/repos/address/url.ts';
import { diskUsage } from '../src/gather/repos/cache/usage.ts';
import { syncClone } from '../src/gather/repos/clone/clone.ts';
import { maintainClone } from '../src/gather/repos/clone/maintain.ts';

const { values } = parseArgs({
  options: {
    fetches: { type: 'string', default: '1000' },
    source: { type: 'string', default: '.git' },
    full: { type: 'boolean', default: false },
  },
});
const fetches = Number(values.fetches);
/** Commits that the remote has before the first fetch, and gains with each. */
const FIRST = 2000;
const STEP = 5;

const base = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
try {
  const remote = join(base, 'remote.git');
  const git = (...args: string[]): string =>
    execFileSync('git', [`--git-dir=${remote}`, ...args], { encoding: 'utf8', maxBuffer: 2 ** 30 }).trim();
  execFileSync('git', ['init', '-q', '--bare', '--initial-branch=main', remote]);
  const source = resolve(values.source);
  writeFileSync(join(remote, 'objects', 'info', 'alternates'), `${join(source, 'objects')}\n`);
  const tip = execFileSync('git', [`--git-dir=${source}`, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  // The first parents alone, so that every tip holds the one before it.
  const steps = git('rev-list', '--reverse', '--first-parent', tip).split('\n');
  const tipAfter = (fetch: number): string => steps[Math.min(steps.length - 1, FIRST + STEP * fetch)] ?? tip;
  mkdirSync(join(base, 'cache'));
  const options = { remote: parseRepositoryUrl(remote, { from: 'cli' }), lean: !values.full };
  const clone = async (name: string): Promise<void> => {
    const { gitDir } = await syncClone({ ...options, directory: join(base, 'cache', name) });
    await maintainClone(gitDir);
  };
  let peak = 0;
  const times: number[] = [];
  for (let fetch = 0; fetch <= fetches; fetch += 1) {
    git('update-ref', 'refs/heads/main', tipAfter(fetch));
    const startMs = performance.now();
    await clone('kept.git');
    times.push(performance.now() - startMs);
    const bytes = await diskUsage(join(base, 'cache', 'kept.git'));
    peak = Math.max(peak, bytes);
    if (fetch % Math.ceil(fetches / 10) === 0) console.log(`${fetch} fetches: ${formatBytes(bytes)}`);
  }
  await clone('fresh.git');
  const kept = await diskUsage(join(base, 'cache', 'kept.git'));
  const fresh = await diskUsage(join(base, 'cache', 'fresh.git'));
  const mean = (some: readonly number[]): string =>
    (some.reduce((a, b) => a + b, 0) / some.length).toFixed(0);
  console.log(
    `thousand-fetches: ${fetches} fetches, ${values.full ? 'full' : 'lean'}: ${formatBytes(kept)} against ${formatBytes(fresh)} fresh, ` +
      `ratio ${(kept / fresh).toFixed(2)} (peak ${(peak / fresh).toFixed(2)}); ` +
      `${mean(times.slice(1, 51))} ms a fetch at first, ${mean(times.slice(-50))} ms at the end`,
  );
} finally {
  rmSync(base, { recursive: true, force: true });
}
