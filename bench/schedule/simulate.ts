/**
 * What the policies of the schedule make of the same budget of calls: `linear` (C-6), one fixed
 * interval for all, and `adaptive` (C-12). Replays what really happened to pull requests of two public projects
 * (data/, pushes and merges) and generated ones, from their opening until two weeks after their close.
 *
 * Items do not influence each other but through the budget, so a population of any size is its average times its
 * size: one that is followed needs so many calls a day, and the budget (GraphQL points an hour times changesets a
 * request) stretches everybody's intervals once there are too many.
 *
 * Usage: npm run simulate:schedule
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adaptiveIntervalMs, changeRate } from '../../src/engine/adaptive.ts';
import { DEFAULT_RHYTHM, nextSync } from '../../src/engine/schedule.ts';
import { type Activity, generated, recorded, seeded } from './activity.ts';
import { drawChart, type Series } from './chart.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** C-2: followed for so long after the close. */
const FOLLOWED_AFTER_CLOSE_MS = 14 * DAY_MS;
/** 5 000 requests an hour, 50 changesets a request. */
const BUDGET_A_DAY = 5_000 * 50 * 24;
const SIZES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const BOUNDS = { minIntervalMs: DEFAULT_RHYTHM.minIntervalMs, maxIntervalMs: 3 * DAY_MS };

interface Item {
  /** Changes in order, late ones after the close included. */
  readonly changes: Activity;
  readonly closedAtMs: number;
}

/** How long to wait after a sync. */
type Policy = (sync: {
  readonly atMs: number;
  readonly lastChangeMs: number;
  readonly closed: boolean;
}) => number;

interface Outcome {
  readonly callsADay: number;
  /** Mean over time and items of how old the oldest unseen change is. */
  readonly meanAgeMs: number;
  /** From a change to the sync that saw it. */
  readonly meanDelayMs: number;
  readonly p95DelayMs: number;
}

const linear =
  (stretch: number): Policy =>
  ({ atMs, lastChangeMs, closed }) => {
    // C-2: what is closed goes at the slowest rhythm.
    if (closed) return DEFAULT_RHYTHM.maxIntervalMs * stretch;
    const times = { nowMs: atMs, lastSyncAtMs: atMs, lastChangeAtMs: lastChangeMs };
    return nextSync(times, { ...DEFAULT_RHYTHM, stretch }).atMs - atMs;
  };

const fixed =
  (intervalMs: number): Policy =>
  () =>
    intervalMs;

const adaptive =
  (price: number): Policy =>
  ({ atMs, lastChangeMs, closed }) =>
    adaptiveIntervalMs(changeRate({ stillMs: atMs - lastChangeMs, closed }), price, BOUNDS);

function replay(items: readonly Item[], policy: Policy): Outcome {
  let calls = 0;
  let lifeMs = 0;
  let ageIntegral = 0;
  const delays: number[] = [];
  for (const { changes, closedAtMs } of items) {
    const endMs = closedAtMs + FOLLOWED_AFTER_CLOSE_MS;
    let atMs = 0;
    let lastChangeMs = 0;
    let seen = 0;
    for (calls += 1; ; calls += 1) {
      atMs += policy({ atMs, lastChangeMs, closed: closedAtMs <= atMs });
      if (atMs >= endMs) break;
      const oldest = changes[seen] ?? Number.POSITIVE_INFINITY;
      if (oldest > atMs) continue;
      ageIntegral += (atMs - oldest) ** 2 / 2;
      for (; seen < changes.length && (changes[seen] ?? 0) <= atMs; seen += 1) {
        lastChangeMs = changes[seen] ?? 0;
        delays.push(atMs - lastChangeMs);
      }
    }
    // What was not seen before the end is as stale as it is then.
    const unseen = changes[seen];
    if (unseen !== undefined && unseen < endMs) {
      ageIntegral += (endMs - unseen) ** 2 / 2;
      for (const change of changes.slice(seen)) if (change < endMs) delays.push(endMs - change);
    }
    lifeMs += endMs;
  }
  delays.sort((one, other) => one - other);
  return {
    callsADay: calls / (lifeMs / DAY_MS),
    meanAgeMs: ageIntegral / lifeMs,
    meanDelayMs: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
    p95DelayMs: delays[Math.floor(0.95 * delays.length)] ?? 0,
  };
}

/** The policy's parameter with which it spends just `callsADay`: more of it, fewer calls. */
function within(
  items: readonly Item[],
  make: (parameter: number) => Policy,
  callsADay: number,
  most: number,
): Policy {
  let low = 1;
  let high = most;
  for (let round = 0; round < 30; round += 1) {
    const middle = Math.sqrt(low * high);
    if (replay(items, make(middle)).callsADay > callsADay) low = middle;
    else high = middle;
  }
  return make(high);
}

function mixes(): ReadonlyMap<string, readonly Item[]> {
  const replayed = (name: string): Item[] =>
    recorded(name).map(changes => ({ changes, closedAtMs: changes.at(-1) ?? 0 }));
  const made = generated(2_000, seeded(7)).map(({ activity, late }) => ({
    changes: [...activity, ...late],
    closedAtMs: activity.at(-1) ?? 0,
  }));
  const prometheus = replayed('prometheus');
  const rails = replayed('rails').filter((_, index) => index % 4 === 0);
  return new Map([
    ['prometheus (recorded)', prometheus],
    ['rails (recorded)', rails],
    ['generated', made],
    ['realistic mix', [...prometheus.slice(0, 2000), ...rails.slice(0, 2000), ...made]],
  ]);
}

function main(): void {
  const policies = ['fixed', 'linear', 'adaptive'] as const;
  const series: Series[] = policies.map(name => ({ name, points: [] }));
  let worst = 0;
  for (const [name, items] of mixes()) {
    console.log(
      `\n${name}: ${items.length} changesets, ${items.reduce((sum, { changes }) => sum + changes.length, 0)} changes`,
    );
    console.log(
      '  followed    policy    calls/day each  stretch   mean age  mean delay  p95 delay   age against linear',
    );
    const natural = replay(items, linear(1)).callsADay;
    let before = 0;
    for (const size of SIZES) {
      const callsADay = Math.min(natural, BUDGET_A_DAY / size);
      const outcomes = {
        fixed: replay(items, fixed(DAY_MS / callsADay)),
        linear: replay(items, callsADay < natural ? within(items, linear, callsADay, 1e4) : linear(1)),
        adaptive: replay(items, within(items, adaptive, callsADay, 1e22)),
      };
      for (const policy of policies) {
        const { meanAgeMs, meanDelayMs, p95DelayMs, callsADay: spent } = outcomes[policy];
        const ratio = meanAgeMs / outcomes.linear.meanAgeMs;
        if (policy === 'adaptive' && name === 'realistic mix') worst = Math.max(worst, ratio);
        if (name === 'realistic mix')
          series.find(line => line.name === policy)?.points.push([size, meanDelayMs]);
        if (callsADay === before) continue;
        console.log(
          `  ${String(size).padStart(8)}    ${policy.padEnd(8)}  ${spent.toFixed(2).padStart(8)}      ${(natural / callsADay).toFixed(1).padStart(8)}   ${inWords(meanAgeMs).padStart(8)}  ${inWords(meanDelayMs).padStart(10)}  ${inWords(p95DelayMs).padStart(9)}   ${ratio.toFixed(2)}`,
        );
      }
      before = callsADay;
    }
  }
  const file = join(import.meta.dirname, '../../docs/images/schedule-policies.svg');
  writeFileSync(file, drawChart(series));
  console.log(
    `\nadaptive against linear on the realistic mix: mean age at most ${worst.toFixed(2)} of it at equal calls`,
  );
}

function inWords(ms: number): string {
  if (ms < 2 * HOUR_MS) return `${(ms / MINUTE_MS).toFixed(1)} min`;
  return ms < 2 * DAY_MS ? `${(ms / HOUR_MS).toFixed(1)} h` : `${(ms / DAY_MS).toFixed(1)} d`;
}

main();
