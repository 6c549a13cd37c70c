// Columns that stand on one another above the ground line, or hang below it.

import type { Area, Pane } from './axes.tsx';
import type { Span } from './periods.ts';
import type { Moment } from './pointed.tsx';
import { roundFigures } from './scale.ts';
import { shortFigure } from './words.ts';

/** One of the parts that a column is made of. */
export interface Part<T> {
  readonly name: string;
  /** Its class in the picture. */
  readonly mark: string;
  readonly of: (row: T) => number;
  /** It hangs below the ground line. */
  readonly isBelow?: boolean;
}

const HEIGHT_REM = 9;
/** Of several that are compared. */
const SMALL_REM = 6;
/** Columns further apart than that have a gap. */
const GAP_FROM_PX = 4;
const WIDEST_REM = 4;

interface ColumnsOf<T> {
  readonly key: string;
  readonly name?: string | undefined;
  readonly spans: readonly Span<T>[];
}

interface ColumnLooks {
  readonly nowMs: number;
  /** How high columns are can be compared, not only when they are. */
  readonly hasOneScale: boolean;
  /** Of a pane, in the reader's text size. */
  readonly heightRem?: number | undefined;
  /** The figures beside them; round ones unless given. */
  readonly figuresUpTo?: (most: number, wanted: number) => number[];
  readonly figureWords?: (value: number) => string;
}

/** A pane of columns for each of what is compared. */
export function columnPanes<T>(
  all: readonly ColumnsOf<T>[],
  parts: readonly Part<T>[],
  looks: ColumnLooks,
): Pane[] {
  const {
    nowMs,
    hasOneScale,
    heightRem = all.length > 1 ? SMALL_REM : HEIGHT_REM,
    figuresUpTo = (most, wanted) => roundFigures(most, wanted, true),
    figureWords = shortFigure,
  } = looks;
  if (!hasOneScale && all.length > 1)
    return all.flatMap(one =>
      columnPanes([one], parts, { ...looks, heightRem }).map(pane => ({ ...pane, name: one.name })),
    );
  const sums = (isBelow: boolean): number =>
    Math.max(
      0,
      ...all.flatMap(({ spans }) =>
        spans.map(({ value }) =>
          value === undefined
            ? 0
            : parts.reduce((sum, part) => sum + (Boolean(part.isBelow) === isBelow ? part.of(value) : 0), 0),
        ),
      ),
    );
  const [above, below] = [sums(false), sums(true)];
  const share = below / (above + below || 1);
  const wanted = Math.min(4, Math.max(1, Math.round(heightRem / 2)));
  const up = figuresUpTo(above, Math.max(1, Math.round(wanted * (1 - share))));
  const step = up[1] ?? 1;
  const down =
    below > 0 ? Array.from({ length: Math.ceil(below / step) }, (_, at) => -(at + 1) * step).reverse() : [];
  return all.map(({ key, name, spans }) => ({
    key,
    name: all.length > 1 ? name : undefined,
    height: heightRem,
    figures: [...down, ...up],
    figureWords: value => figureWords(Math.abs(value)),
    draw: area => <Columns spans={spans} parts={parts} area={area} nowMs={nowMs} />,
  }));
}

function Columns<T>(props: {
  readonly spans: readonly Span<T>[];
  readonly parts: readonly Part<T>[];
  readonly area: Area;
  readonly nowMs: number;
}) {
  const { spans, parts, area, nowMs } = props;
  const paths = parts.map(() => ['', '']);
  for (const { fromMs, toMs, value } of spans) {
    if (value === undefined) continue;
    const heights = { up: 0, down: 0 };
    const [left, width] = placeOf(fromMs, toMs, area);
    // What goes on yet is no whole column.
    const isOpen = toMs > nowMs ? 1 : 0;
    for (const [at, part] of parts.entries()) {
      const amount = part.of(value);
      const own = paths[at];
      if (amount <= 0 || !own) continue;
      const before = part.isBelow ? heights.down : heights.up;
      const after = part.isBelow ? before - amount : before + amount;
      if (part.isBelow) heights.down = after;
      else heights.up = after;
      const top = area.y(Math.max(before, after));
      const height = Math.max(0.5, area.y(Math.min(before, after)) - top);
      own[isOpen] += `M${round(left)} ${round(top)}h${round(width)}v${round(height)}h${round(-width)}z`;
    }
  }
  return (
    <>
      {parts.map(({ name, mark }, at) => (
        <g key={name} class={mark}>
          <path d={paths[at]?.[0]} />
          <path class="open" d={paths[at]?.[1]} />
        </g>
      ))}
    </>
  );
}

/** Where a column stands and how wide it is; none is wider than a finger. */
function placeOf(fromMs: number, toMs: number, { x, left, right, rem }: Area): [number, number] {
  const from = Math.max(left, x(fromMs));
  const to = Math.min(right, x(toMs));
  const whole = x(toMs) - x(fromMs);
  const gap = whole > GAP_FROM_PX ? Math.min(2, whole / 6) : 0;
  const width = Math.max(0.5, to - from - gap);
  const used = Math.min(width, WIDEST_REM * rem);
  return [from + gap / 2 + (width - used) / 2, used];
}

function round(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}

/** What is said of each span: its parts, for each of what is compared. Pure. */
export function columnMoments<T>(
  all: readonly ColumnsOf<T>[],
  parts: readonly Part<T>[],
  words: {
    readonly title: (fromMs: number, toMs: number) => string;
    readonly note: (fromMs: number, toMs: number) => string | undefined;
    readonly amount: (amount: number) => string;
  },
): Moment[] {
  const [first] = all;
  return (first?.spans ?? []).map(({ fromMs, toMs }, at) => ({
    fromMs,
    toMs,
    title: words.title(fromMs, toMs),
    note: words.note(fromMs, toMs),
    rows: all.flatMap(({ name, spans }) =>
      parts.map(part => {
        const value = spans[at]?.value;
        return {
          mark: part.mark,
          name: all.length > 1 ? `${part.name}, ${name}` : part.name,
          value: words.amount(value === undefined ? 0 : part.of(value)),
        };
      }),
    ),
  }));
}
