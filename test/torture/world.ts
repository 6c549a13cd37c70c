/**
 * Torture of delivery by the world: `node test/torture/world.ts [--files 5000] [--episodes 120] [--longest 4000]
 * [--largest 12] [--seeds 1] [--seed 1] [--short] [--keep]`. A seed says what befalls the station while files arrive:
 * portals, refused and renewed keys, quotas, bad networks, errors of the server, failing mounts, a clock that is set, a
 * full disk, links and pipes in the place of files, kills. In the end all trouble is over, and every file must be in
 * its bucket, whole, newest and under its own name, or in `failed` with the server's own word; nothing of others was
 * delivered, nothing sent twice that an answer says had arrived, and journal and spool agree. One line a seed; exits 1
 * at the first one that fails, whose folder stays. It runs itself in a mount namespace of its own, for disks that fill
 * up; where that cannot be had it says so and leaves them out.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inMountNamespace } from '../support/world/namespace.ts';
import { runWorld } from '../support/world/world.ts';

const MIB = 2 ** 20;
const { values } = parseArgs({
  options: {
    files: { type: 'string' },
    episodes: { type: 'string' },
    longest: { type: 'string' },
    largest: { type: 'string', default: '12' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    seeds: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    /** Set for the process in the namespace. */
    mounts: { type: 'boolean', default: false },
  },
});

if (values.mounts || !inMountNamespace(import.meta.filename)) await torture(values.mounts);

async function torture(canMount: boolean): Promise<void> {
  if (!canMount) console.log('no mount namespace here: no disk fills up');
  const scale = values.short
    ? { files: 400, episodes: 10, longestMs: 1800 }
    : { files: 5000, episodes: 100, longestMs: 4000 };
  const first = Number(values.seed);
  for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
    console.log(`seed ${seed}`);
    const startMs = performance.now();
    const base = mkdtempSync(join(tmpdir(), 'sluice-world-'));
    try {
      const { files, bytes, delivered, doomed, superseded, sentAgain, troubles, slowestStopMs } =
        await runWorld({
          base,
          seed,
          files: Number(values.files ?? scale.files),
          episodes: Number(values.episodes ?? scale.episodes),
          longestMs: Number(values.longest ?? scale.longestMs),
          largestBytes: Number(values.largest) * MIB,
          canMount,
          tell: line =>
            values.keep
              ? console.log(`${((performance.now() - startMs) / 1000).toFixed(1)} s ${line}`)
              : undefined,
        });
      const counts = Object.entries(troubles).map(([kind, count]) => `${kind} ${count}`);
      const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
      console.log(
        `torture world: ${files} files, ${Math.round(bytes / MIB)} MiB, ${delivered} objects newest and whole, ${doomed} in failed with the server's word, ${superseded} superseded, ${sentAgain} sent again for a lost answer or a kill, 0 for nothing, 0 of others; slowest stop ${Math.round(slowestStopMs)} ms; ${counts.join(', ')}; ${seconds} s`,
      );
      if (!values.keep) rmSync(base, { recursive: true, force: true });
    } catch (error) {
      console.error(`seed ${seed} failed; its folder: ${base}`);
      throw error;
    }
  }
}
