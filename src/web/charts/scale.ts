// From figures to places in a picture, and the round figures that stand beside an axis. Pure.

/** A straight scale: 0 to `top` in figures is `from` to `to` in pixels. */
export function linear(top: number, from: number, to: number): (value: number) => number {
  return value => from + (value / (top || 1)) * (to - from);
}

/** A scale of ratios, from `low` to `high`; what is below stands at `from`. */
export function logarithmic(low: number, high: number, from: number, to: number): (value: number) => number {
  const length = Math.log(high / low) || 1;
  return value => from + (Math.log(Math.max(low, value) / low) / length) * (to - from);
}

/** From moments to pixels. */
export function timeScale(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  from: number,
  to: number,
): (ms: number) => number {
  const length = toMs - fromMs || 1;
  return ms => from + ((ms - fromMs) / length) * (to - from);
}

/**
 * Round figures from 0 to one that is no less than `most`, about as many as wanted.
 * @param isWhole only whole figures
 */
export function roundFigures(most: number, wanted: number, isWhole = false): number[] {
  if (!(most > 0)) return isWhole ? [0, 1] : [0, 1];
  const rough = most / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find(factor => factor * power >= rough * 0.999_999) ?? 10) * power;
  const used = isWhole ? Math.max(1, Math.round(step)) : step;
  const count = Math.ceil(most / used - 1e-9);
  return Array.from({ length: count + 1 }, (_, at) => Number((at * used).toPrecision(12)));
}

const KIB = 1024;

/** As `roundFigures`, in the steps in which bytes are read: 1, 2, 4, … of a unit. */
export function roundBytes(most: number, wanted: number): number[] {
  if (!(most > 0)) return [0, KIB];
  const rough = most / Math.max(1, wanted);
  const step = 2 ** Math.ceil(Math.log2(Math.max(1, rough)));
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, at) => at * step);
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Durations that people think in. */
const DURATIONS = [
  1,
  10,
  100,
  1_000,
  10_000,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  4 * HOUR,
  12 * HOUR,
  DAY,
  3 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  90 * DAY,
  365 * DAY,
  3_650 * DAY,
];

/** Durations between two, those included that hold them: the marks of a scale of ratios. */
export function durationMarks(leastMs: number, mostMs: number): number[] {
  const below = DURATIONS.findLastIndex(each => each <= leastMs);
  const above = DURATIONS.findIndex(each => each >= mostMs);
  return DURATIONS.slice(Math.max(0, below), above === -1 ? undefined : Math.max(above, below + 1) + 1);
}

/** The value at a share of sorted ones, by nearest rank; undefined without any. */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
