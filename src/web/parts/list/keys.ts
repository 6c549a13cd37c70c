// What keys do in a list. Pure.

/** Where a key leads: rows from the one that the keys are at, to either end, or none of these. */
export type Step = { readonly by: number } | 'first' | 'last';

/** Rows that a page key goes by. */
const PAGE_ROWS = 15;

/** Anywhere on the page, and those that scroll it unless the list has the focus. */
const STEPS: Readonly<Record<string, Step>> = { j: { by: 1 }, k: { by: -1 } };
const STEPS_IN_GRID: Readonly<Record<string, Step>> = {
  ArrowDown: { by: 1 },
  ArrowUp: { by: -1 },
  PageDown: { by: PAGE_ROWS },
  PageUp: { by: -PAGE_ROWS },
  Home: 'first',
  End: 'last',
};

/** Where a key leads, if it does. @param key as an event has it, letters small */
export function stepOf(key: string, isInGrid: boolean): Step | undefined {
  return STEPS[key] ?? (isInGrid ? STEPS_IN_GRID[key] : undefined);
}

/**
 * The place that a step leads to.
 * @param active where the keys are; undefined: nowhere yet
 * @param seenFirst the first row on the screen, where they begin then
 */
export function placeAfter(
  step: Step,
  {
    active,
    seenFirst,
    total,
  }: { readonly active: number | undefined; readonly seenFirst: number; readonly total: number },
): number {
  if (step === 'first') return 0;
  if (step === 'last') return Math.max(0, total - 1);
  const next = active === undefined ? seenFirst + Math.max(0, step.by - 1) : active + step.by;
  return Math.min(Math.max(0, next), Math.max(0, total - 1));
}
