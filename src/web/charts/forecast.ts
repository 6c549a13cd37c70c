// What free room on a disk comes to if it goes on as it did. Pure.

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

export interface Trend {
  /** A day. */
  readonly perDay: number;
  /** When the line crosses zero; null: it does not fall, or not within the horizon. */
  readonly endsAtMs: number | null;
}

const DAY_MS = 86_400_000;
/** Of fewer samples, or of a shorter time, no line is drawn. */
const LEAST_SAMPLES = 3;
const LEAST_MS = 3_600_000;
/** Every pair of so many at most is looked at. */
const MOST_SAMPLES = 200;

/**
 * The slope that is the median of those between all pairs (Theil and Sen): a single cleaning or a large copy does not
 * bend it, as it would a line of least squares.
 * @param horizonMs later than that from the last sample nothing is foretold
 */
export function trendOf(samples: readonly Sample[], horizonMs: number): Trend | undefined {
  const step = Math.max(1, Math.ceil(samples.length / MOST_SAMPLES));
  // From the end, so that the last one is among them.
  const used = samples.filter((_, at) => (samples.length - 1 - at) % step === 0);
  const [first] = used;
  const last = used.at(-1);
  if (!first || !last || used.length < LEAST_SAMPLES || last.atMs - first.atMs < LEAST_MS) return undefined;
  const slopes: number[] = [];
  for (const [at, one] of used.entries()) {
    for (const other of used.slice(at + 1)) {
      if (other.atMs > one.atMs) slopes.push((other.value - one.value) / (other.atMs - one.atMs));
    }
  }
  slopes.sort((one, other) => one - other);
  const slope = slopes[Math.floor(slopes.length / 2)] ?? 0;
  const inMs = slope < 0 ? last.value / -slope : Number.POSITIVE_INFINITY;
  return { perDay: slope * DAY_MS, endsAtMs: inMs <= horizonMs ? last.atMs + inMs : null };
}
