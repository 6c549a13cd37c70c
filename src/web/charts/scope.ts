// What the charts of a page have in common: of what they are, which time they show, and how that is changed.
import { useEffect, useRef, useState } from 'preact/hooks';
import { route, setParams } from '../router/router.ts';
import type { Period } from './periods.ts';
import {
  chosenRange,
  type NamedRange,
  periodFor,
  type RangeName,
  rangeOf,
  type TimeRange,
  wider,
} from './range.ts';

/** What charts are of. */
export interface Source {
  /** Of a repository; undefined: all of them. */
  readonly url: string | undefined;
  /** Short, for people. */
  readonly name: string;
}

export interface ChartScope {
  readonly range: NamedRange;
  /** By what the range is counted. */
  readonly by: Period;
  readonly nowMs: number;
  /** What is compared has the same scale. */
  readonly hasOneScale: boolean;
  /** Shows a part, in the address too. */
  readonly onSelect: (range: TimeRange) => void;
  readonly onWider: (isBack: boolean) => void;
}

/** What goes along with the time is looked at so often. */
const TICK_MS = 60_000;

/** The present, as often as it matters to charts. */
export function useNowMs(): number {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}

/**
 * The range that the address names, and what changes it.
 * @param firstMs the first moment that there is something of; undefined: not known
 */
export function useScope(byDefault: RangeName, firstMs: number | undefined): ChartScope {
  const nowMs = useNowMs();
  const { params } = route.value;
  const range = rangeOf(params.get('range'), byDefault, nowMs, firstMs);
  const show = (wanted: string): void => setParams({ range: wanted === byDefault ? undefined : wanted });
  return {
    range,
    by: periodFor(range),
    nowMs,
    hasOneScale: params.get('scale') !== 'own',
    onSelect: chosen => show(chosenRange(chosen)),
    onWider: isBack => show(isBack ? byDefault : chosenRange(wider(range, nowMs))),
  };
}

/**
 * The last value that there was, while there is none: a picture stays, and with it the focus, until the next one is
 * there.
 * @param about of what it is: of something else, nothing is kept
 */
export function useLast<T>(value: T | undefined, about: string): T | undefined {
  const kept = useRef<{ readonly value: T; readonly about: string } | undefined>(undefined);
  if (value !== undefined) kept.current = { value, about };
  return value ?? (kept.current?.about === about ? kept.current.value : undefined);
}
