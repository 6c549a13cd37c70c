// Where things go in a picture over time, and the axes that say so.
import type { ComponentChildren } from 'preact';
import type { TimeRange } from './range.ts';
import { logarithmic, timeScale } from './scale.ts';
import { type TimeTick, timeTicks, type Zone } from './time-ticks.ts';

/** Where the marks of a pane go, in pixels. */
export interface Area {
  readonly x: (ms: number) => number;
  readonly y: (value: number) => number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly ground: number;
  readonly rem: number;
}

export interface Pane {
  readonly key: string;
  /** Said above the pane. */
  readonly name?: string | undefined;
  /** In the reader's text size. */
  readonly height: number;
  /** The figures beside it, lowest first: the axis goes from the first to the last. */
  readonly figures: readonly number[];
  readonly figureWords: (value: number) => string;
  /** Equal ratios are equally far apart. */
  readonly isLog?: boolean;
  readonly draw: (area: Area) => ComponentChildren;
}

const TOP_REM = 0.75;
const GAP_REM = 1.1;
const BOTTOM_REM = 1.5;
const TEXT_REM = 0.75;
/** The same in all pictures, so that the same days stand below one another, unless figures are very long. */
const LEAST_LEFT_REM = 3;
/** A character of the figures beside an axis, of the text's size. */
const CHARACTER = 0.6;
const MARK_REM = 4.6;

/** Where everything goes, in pixels. */
export interface Plan {
  readonly left: number;
  readonly right: number;
  readonly height: number;
  readonly rem: number;
  readonly ticks: readonly TimeTick[];
  readonly x: (ms: number) => number;
  readonly placed: readonly { readonly pane: Pane; readonly area: Area }[];
}

/** Panes below one another, over one axis of time. Pure. */
export function planOf(given: {
  readonly panes: readonly Pane[];
  readonly range: TimeRange;
  readonly zone: Zone;
  readonly width: number;
  readonly rem: number;
  readonly rightRem: number;
}): Plan {
  const { panes, range, zone, width, rem, rightRem } = given;
  const longest = Math.max(
    2,
    ...panes.flatMap(({ figures, figureWords }) => figures.map(each => figureWords(each).length)),
  );
  const left = Math.ceil(Math.max(LEAST_LEFT_REM, longest * CHARACTER * TEXT_REM + 0.5) * rem);
  const right = Math.max(left + 1, width - rightRem * rem);
  const x = timeScale(range, left, right);
  let at = 0;
  const placed = panes.map(pane => {
    const top = at + (pane.name ? GAP_REM + 0.2 : TOP_REM) * rem;
    const ground = top + pane.height * rem;
    at = ground;
    const { figures, isLog } = pane;
    const [low = 0] = figures;
    const high = figures.at(-1) ?? 1;
    const y = isLog
      ? logarithmic(low, high, ground, top)
      : (value: number) => ground - ((value - low) / (high - low || 1)) * (ground - top);
    return { pane, area: { x, y, left, right, top, ground, rem } };
  });
  const mostTicks = Math.max(2, Math.floor((right - left) / (MARK_REM * rem)));
  return {
    left,
    right,
    x,
    rem,
    placed,
    height: Math.ceil(at + BOTTOM_REM * rem),
    ticks: timeTicks(range, mostTicks, zone),
  };
}

export function Axes({ plan: { left, right, x, rem, placed, height, ticks } }: { readonly plan: Plan }) {
  const first = placed[0]?.area.top ?? 0;
  const ground = placed.at(-1)?.area.ground ?? 0;
  return (
    <g class="axes">
      {placed.flatMap(({ pane, area }) =>
        apart(pane.figures, area).map(value => (
          <g key={`${pane.key} ${value}`}>
            <line
              class={value === 0 ? 'zero' : ''}
              x1={left}
              x2={right}
              y1={Math.round(area.y(value)) + 0.5}
              y2={Math.round(area.y(value)) + 0.5}
            />
            <text x={left - 0.45 * rem} y={area.y(value)} dominant-baseline="central" text-anchor="end">
              {pane.figureWords(value)}
            </text>
          </g>
        )),
      )}
      {ticks.map(({ ms, text, isMajor }) => {
        const at = Math.round(x(ms)) + 0.5;
        const isCut = at > right - 1.2 * rem;
        return (
          <g key={ms} class={isMajor ? 'major' : ''}>
            <line class="tick" x1={at} x2={at} y1={isMajor ? first : ground} y2={ground + 0.3 * rem} />
            {isCut ? null : (
              <text x={at} y={height - 0.25 * rem} text-anchor={at < left + 1.2 * rem ? 'start' : 'middle'}>
                {text}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

/** Narrowest distance between two figures, of the text's size. */
const LEAST_APART = 1.3;

/** Figures that have room beside the axis, from the lowest up. Pure. */
function apart(figures: readonly number[], { y, rem }: Area): number[] {
  let last = Number.POSITIVE_INFINITY;
  return figures.filter(value => {
    if (last - y(value) < LEAST_APART * TEXT_REM * rem) return false;
    last = y(value);
    return true;
  });
}
