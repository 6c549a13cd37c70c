import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One changeset as it really went, or as it might have: milliseconds after it was opened, in order; the last is its
 * close.
 */
export type Activity = readonly number[];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What `extract-activity.ts` read from a repository. */
export function recorded(name: string): Activity[] {
  const text = readFileSync(join(import.meta.dirname, 'data', `${name}.json`), 'utf8');
  return (JSON.parse(text) as number[][]).map(([, ...seconds]) => seconds.map(at => at * 1000));
}

/**
 * Made-up changesets after published figures: of those that are merged 60 % within a day and 80 % within four,
 * 80 % with fewer than four comments and 95 % with fewer than twelve (Gousios, Pinzger and van Deursen, "An
 * exploratory study of the pull-based software development model", ICSE 2014). 15 % stay open for months. Gaps
 * between events fall as a power of their length; three of four that would fall into somebody's night come the
 * next morning. One in four gets a late comment after it is closed; it stands behind the close.
 */
export function generated(count: number, random: () => number): { activity: Activity; late: Activity }[] {
  return Array.from({ length: count }, () => {
    const stays = random() < 0.15;
    const lifeMs = stays
      ? (30 + random() * 335) * DAY_MS
      : Math.min(
          Math.max(Math.exp(Math.log(14 * HOUR_MS) + normal(random) * 2.3), 5 * MINUTE_MS),
          365 * DAY_MS,
        );
    const zoneMs = random() * DAY_MS;
    const times: number[] = [];
    let atMs = 0;
    for (let left = eventCount(random); left > 0; left -= 1) {
      atMs += MINUTE_MS * (Math.max(lifeMs, 2 * MINUTE_MS) / MINUTE_MS) ** random();
      if (atMs >= lifeMs) break;
      const hour = ((atMs + zoneMs) % DAY_MS) / HOUR_MS;
      if ((hour < 9 || hour > 18) && random() < 0.75)
        atMs += ((33 - hour) % 24) * HOUR_MS + random() * 2 * HOUR_MS;
      if (atMs < lifeMs) times.push(atMs);
    }
    const late = random() < 0.25 ? [lifeMs + HOUR_MS * (14 * 24) ** random()] : [];
    return { activity: [...times, lifeMs].sort((a, b) => a - b), late };
  });
}

/** Comments and pushes: few for most, many for some. */
function eventCount(random: () => number): number {
  const comments = -Math.log(1 - random()) * 2.2 * (random() < 0.1 ? 3 : 1);
  const pushes = -Math.log(1 - random()) * 1.2;
  return Math.min(60, Math.floor(comments)) + Math.floor(pushes);
}

/** By the sum of twelve. */
function normal(random: () => number): number {
  let sum = 0;
  for (let draw = 0; draw < 12; draw += 1) sum += random();
  return sum - 6;
}

/** A repeatable sequence in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
