import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGithub } from '../../test/support/forge/github.ts';
import { ForgeModel, type ModelChangeset, type ModelRepository } from '../../test/support/forge/model.ts';
import type { ForgeStandIn } from '../../test/support/forge/server.ts';
import { type Stall, watchLoop } from './loop-delay.ts';
import { median } from './measure.ts';
import { memoryOf } from './processes.ts';
import { startUp } from './up.ts';

const LOOP_DELAY = join(import.meta.dirname, 'loop-delay.ts');
const SETTLE_MS = 3000;
/** What the start costs is counted apart from what the schedule costs. */
const START_S = 10;
/**
 * A second in which this process stood still for so long, too: then the whole machine did (a virtual one is paused).
 */
const MACHINE_STALL_MS = 1000;

/** A host that has every number of one repository, made when it is asked for, last changed as the bench says. */
class EndlessModel extends ForgeModel {
  readonly #changedAtMs: (number: number) => number;

  constructor(changedAtMs: (number: number) => number) {
    super();
    this.#changedAtMs = changedAtMs;
    this.addRepository('o/r');
  }

  override find(repository: ModelRepository | undefined, number: number): ModelChangeset | undefined {
    if (!repository) return undefined;
    const atMs = this.#changedAtMs(number);
    const headCommit = number.toString(16).padStart(40, '0');
    return {
      ...{ id: number, number, repository, title: 'A change', author: 'ada', state: 'open', draft: false },
      ...{ createdAtMs: atMs, updatedAtMs: atMs, headCommit, labels: [], events: [] },
      commits: [{ oid: headCommit, atMs }],
    };
  }
}

/** A stand-in for GitHub with any number of changesets of `o/r`. */
export function startEndlessGithub(changedAtMs: (number: number) => number): Promise<ForgeStandIn> {
  return startGithub(undefined, { model: new EndlessModel(changedAtMs), limit: 1_000_000_000 });
}

export interface ProcessFigures {
  readonly readyMs: number;
  readonly rssAfterStartMib: number;
  readonly rssAtEndMib: number;
  readonly synced: number;
  readonly metricsMs: number;
  readonly statusMs: number;
  readonly slowestMs: number;
  /** The longest that the event loop stood still: in the first ten seconds, and after. */
  readonly stallAtStartMs: number;
  readonly stallMs: number;
}

/** A station as a user runs it (`sluice up`) on a database, watched for a while. */
export async function watchStation(
  { database, folder, standIn }: { database: string; folder: string; standIn: ForgeStandIn },
  seconds: number,
): Promise<ProcessFigures> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'sluice.yaml');
  writeFileSync(
    config,
    `hosts:\n  "${standIn.host}":\n    kind: github\n    baseUrl: ${standIn.origin}\n    token: t\n`,
  );
  const log = openSync(join(folder, 'station.log'), 'w');
  const stalls = join(folder, 'stalls.json');
  const args = ['--config', config, '--root', join(folder, 'root'), '--database', database];
  const here = watchLoop();
  const station = await startUp(args, {
    cwd: folder,
    env: { HOME: folder, LOOP_DELAY_FILE: stalls },
    flags: ['--import', LOOP_DELAY],
    stderr: log,
  }).finally(() => closeSync(log));
  try {
    const { url, pid, readyMs } = station;
    const synced = standIn.log.length;
    await new Promise(wake => setTimeout(wake, SETTLE_MS));
    const rssAfterStartMib = memoryOf(pid).nowMib;
    const times = { metrics: [] as number[], status: [] as number[] };
    for (let second = 0; second < seconds; second += 1) {
      times.metrics.push(await timeOf(`${url}/metrics`));
      times.status.push(await timeOf(`${url}/api/v1/status`));
      await new Promise(wake => setTimeout(wake, 1000));
    }
    const each = (JSON.parse(readFileSync(stalls, 'utf8')) as Stall[])
      .filter(stall => !isMachines(stall, here.stalls))
      .map(({ ms }) => ms);
    return {
      readyMs,
      rssAfterStartMib,
      rssAtEndMib: memoryOf(pid).nowMib,
      synced: standIn.log.slice(synced).reduce((sum, { body }) => sum + asked(body), 0),
      metricsMs: median(times.metrics),
      statusMs: median(times.status),
      slowestMs: Math.max(...times.metrics, ...times.status),
      stallAtStartMs: Math.max(0, ...each.slice(0, START_S)),
      stallMs: Math.max(0, ...each.slice(START_S)),
    };
  } finally {
    here.stop();
    await station.stop();
  }
}

function isMachines({ endedAtMs }: Stall, here: readonly Stall[]): boolean {
  return here.some(each => each.ms > MACHINE_STALL_MS && Math.abs(each.endedAtMs - endedAtMs) < 2000);
}

function asked(body: string): number {
  const { variables = {} } = body === '' ? {} : (JSON.parse(body) as { variables?: object });
  return Object.keys(variables).filter(name => /^i\d/.test(name)).length;
}

async function timeOf(url: string): Promise<number> {
  const startMs = performance.now();
  const response = await fetch(url);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return performance.now() - startMs;
}
