// A picture over time: one axis below, any number of panes above it, one moment that is pointed at, a range that is chosen.
import { type ReadonlySignal, type Signal, signal, useComputed, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId, useMemo, useRef } from 'preact/hooks';
import type { TimeRange } from './range.ts';
import { logarithmic, timeScale } from './scale.ts';
import { type TimeTick, timeTicks, type Zone } from './time-ticks.ts';
import { useSize } from './use-size.ts';

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
  /** Said in the pane where there are several. */
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

/** What is said of a span of time when it is pointed at. */
export interface Moment extends TimeRange {
  readonly title: string;
  readonly note?: string | undefined;
  readonly rows: readonly { readonly mark?: string; readonly name: string; readonly value: string }[];
}

interface TimePlotProps {
  /** What the picture is of, for those who hear it. */
  readonly label: string;
  readonly range: TimeRange;
  readonly zone: Zone;
  readonly panes: readonly Pane[];
  /** Oldest first. */
  readonly moments: readonly Moment[];
  /** Somebody chose a part of it. */
  readonly onSelect?: ((range: TimeRange) => void) | undefined;
  /** Somebody wants to see more than it, or all that there was before. */
  readonly onWider?: ((isBack: boolean) => void) | undefined;
  /** Room for words at the right of the marks, in the reader's text size. */
  readonly rightRem?: number;
}

/** The moment that is pointed at in any picture of the page: the others show where it is in them. */
const pointedAtMs = signal<{ readonly ms: number; readonly by: string } | undefined>(undefined);

const TOP_REM = 0.75;
const GAP_REM = 1.1;
const BOTTOM_REM = 1.5;
const TEXT_REM = 0.75;
/** The same in all pictures, so that the same days stand below one another, unless figures are very long. */
const LEAST_LEFT_REM = 3;
/** A character of the figures beside an axis, of the text's size. */
const CHARACTER = 0.6;
/** Dragged less far than that, it was a click. */
const LEAST_DRAG_PX = 6;
const MARK_REM = 4.6;

export function TimePlot(props: TimePlotProps) {
  const { label, range, zone, panes, moments, onSelect, onWider, rightRem = 0.6 } = props;
  const { ref, width, rem } = useSize<HTMLDivElement>();
  const id = useId();
  const chosen = useSignal(-1);
  const isShown = useSignal(false);
  const selection = useSignal<TimeRange | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;

  const plan = useMemo(
    () => planOf({ panes, range, zone, width, rem, rightRem }),
    [panes, range, zone, width, rem, rightRem],
  );
  const index = useComputed(() => {
    const { length } = latest.current.moments;
    return chosen.value < 0 || chosen.value >= length ? length - 1 : chosen.value;
  });
  const valueText = useComputed(() => {
    const moment = latest.current.moments[index.value];
    return moment ? inWords(moment) : '';
  });

  const choose = (at: number): void => {
    const last = latest.current.moments.length - 1;
    chosen.value = Math.min(Math.max(0, at), last);
    isShown.value = true;
    const moment = latest.current.moments[chosen.value];
    if (moment) pointedAtMs.value = { ms: (moment.fromMs + moment.toMs) / 2, by: id };
  };
  const leave = (): void => {
    isShown.value = false;
    if (pointedAtMs.value?.by === id) pointedAtMs.value = undefined;
  };
  const msAt = (event: PointerEvent): number => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const share = (event.clientX - box.left - plan.left) / Math.max(1, plan.right - plan.left);
    return range.fromMs + Math.min(1, Math.max(0, share)) * (range.toMs - range.fromMs);
  };
  const drag = useRef<{ readonly x: number; readonly ms: number } | undefined>(undefined);
  const down = (event: PointerEvent): void => {
    if (!onSelect || event.button !== 0) return;
    drag.current = { x: event.clientX, ms: msAt(event) };
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent): void => {
    const ms = msAt(event);
    choose(momentAt(moments, ms));
    const from = drag.current;
    if (from && Math.abs(event.clientX - from.x) > LEAST_DRAG_PX)
      selection.value = wholeMoments(moments, { fromMs: Math.min(from.ms, ms), toMs: Math.max(from.ms, ms) });
  };
  const up = (): void => {
    drag.current = undefined;
    const wanted = selection.value;
    selection.value = undefined;
    if (wanted) onSelect?.(wanted);
  };
  const key = (event: KeyboardEvent): void => {
    const step = stepOf(event.key, index.value, moments.length);
    if (step !== undefined) {
      const before = moments[index.value];
      choose(step);
      const now = moments[chosen.value];
      if (!event.shiftKey) selection.value = undefined;
      else if (onSelect && before && now) selection.value = extended(selection.value ?? before, before, now);
    } else if (event.key === 'Enter' && selection.value) up();
    else if (event.key === 'Escape' && selection.value) selection.value = undefined;
    else if (event.key === 'Escape' && onWider) onWider(true);
    else if (event.key === '-' && onWider) onWider(false);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={ref}
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, moments.length - 1)}
      aria-valuenow={index as unknown as number}
      aria-valuetext={valueText as unknown as string}
      aria-describedby={onSelect ? `${id}-help` : undefined}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={() => {
        drag.current = undefined;
        selection.value = undefined;
      }}
      onPointerLeave={leave}
      onFocus={event => {
        if ((event.currentTarget as Element).matches(':focus-visible')) choose(index.value);
      }}
      onBlur={leave}
      onDblClick={() => onWider?.(true)}
      onKeyDown={key}
    >
      {width > 0 ? (
        <svg width={width} height={plan.height} aria-hidden="true">
          <Axes plan={plan} />
          {plan.placed.map(({ pane, area }) => (
            <g key={pane.key}>
              {pane.draw(area)}
              {pane.name && panes.length > 1 ? (
                <text class="pane-name" x={area.left} y={area.top - 0.3 * rem}>
                  {pane.name}
                </text>
              ) : null}
            </g>
          ))}
          <Pointed
            plan={plan}
            id={id}
            index={index}
            isShown={isShown}
            selection={selection}
            moments={moments}
          />
        </svg>
      ) : null}
      <Tooltip plan={plan} width={width} rem={rem} index={index} isShown={isShown} moments={moments} />
      {onSelect ? (
        <span class="hidden" id={`${id}-help`}>
          Arrow keys choose; with Shift they select, and Enter shows what is selected; Escape goes back.
        </span>
      ) : null}
    </div>
  );
}

interface Plan {
  readonly left: number;
  readonly right: number;
  readonly height: number;
  readonly rem: number;
  readonly ticks: readonly TimeTick[];
  readonly x: (ms: number) => number;
  readonly placed: readonly { readonly pane: Pane; readonly area: Area }[];
}

function planOf(given: {
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
    const top = at + (pane.name && panes.length > 1 ? GAP_REM + 0.2 : TOP_REM) * rem;
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

function Axes({ plan: { left, right, x, rem, placed, height, ticks } }: { readonly plan: Plan }) {
  const first = placed[0]?.area.top ?? 0;
  const ground = placed.at(-1)?.area.ground ?? 0;
  return (
    <g class="axes">
      {placed.flatMap(({ pane, area }) =>
        pane.figures.map(value => (
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

interface PointedProps {
  readonly plan: Plan;
  readonly index: ReadonlySignal<number>;
  readonly isShown: Signal<boolean>;
  readonly moments: readonly Moment[];
}

function Pointed(
  props: PointedProps & { readonly id: string; readonly selection: Signal<TimeRange | undefined> },
) {
  const { plan, id, index, isShown, selection, moments } = props;
  const { left, right, x, placed } = plan;
  const top = placed[0]?.area.top ?? 0;
  const ground = placed.at(-1)?.area.ground ?? 0;
  const within = (at: number): number => Math.min(right, Math.max(left, at));
  const box = (span: TimeRange) => {
    const from = within(x(span.fromMs));
    return { x: from, y: top, width: Math.max(1, within(x(span.toMs)) - from), height: ground - top };
  };
  const elsewhere = pointedAtMs.value;
  const moment = isShown.value ? moments[index.value] : undefined;
  const selected = selection.value;
  const line = elsewhere && elsewhere.by !== id ? x(elsewhere.ms) : undefined;
  return (
    <g class="pointed">
      {moment ? <rect class="moment" {...box(moment)} /> : null}
      {selected ? <rect class="selection" {...box(selected)} /> : null}
      {line !== undefined && line >= left && line <= right ? (
        <line class="elsewhere" x1={line} x2={line} y1={top} y2={ground} />
      ) : null}
    </g>
  );
}

function Tooltip(props: PointedProps & { readonly width: number; readonly rem: number }) {
  const { plan, index, isShown, moments, width, rem } = props;
  const moment = isShown.value ? moments[index.value] : undefined;
  if (!moment) return null;
  const at = plan.x((moment.fromMs + moment.toMs) / 2);
  const place = { left: 'auto', right: 'auto' };
  // Where there is no room beside what is pointed at, it stands below.
  const isBelow = width < 34 * rem;
  if (isBelow) Object.assign(place, { left: '0', right: '0' });
  else if (at > width / 2) place.right = `${width - at + rem}px`;
  else place.left = `${at + rem}px`;
  return (
    <div class={`tooltip ${isBelow ? 'below' : ''}`} style={place} aria-hidden="true">
      <strong>{moment.title}</strong>
      <dl>
        {moment.rows.map(({ mark, name, value }) => (
          <div key={name}>
            <dt>
              {mark ? (
                <svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">
                  <rect class={mark} x="1" y="1" width="10" height="10" rx="2" />
                </svg>
              ) : null}
              {name}
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {moment.note ? <span class="note">{moment.note}</span> : null}
    </div>
  );
}

/** A moment as it is told aloud: `Mar 3, 2025: 4 commits, 2 merges`. Pure. */
function inWords({ title, rows }: Moment): string {
  return `${title}: ${rows.map(({ name, value }) => `${value} ${name}`).join(', ')}`;
}

/** Index of the moment that holds a time; the nearest where none does. Pure. */
function momentAt(moments: readonly Moment[], ms: number): number {
  const after = moments.findIndex(({ toMs }) => toMs > ms);
  return after === -1 ? moments.length - 1 : after;
}

/** A range that begins and ends with moments. Pure. */
function wholeMoments(moments: readonly Moment[], range: TimeRange): TimeRange {
  const first = moments[momentAt(moments, range.fromMs)];
  const last = moments[momentAt(moments, range.toMs)];
  return first && last ? { fromMs: first.fromMs, toMs: last.toMs } : range;
}

/** A selection that went on from one moment to another. Pure. */
function extended(selection: TimeRange, before: Moment, now: Moment): TimeRange {
  const isFromLeft = selection.toMs === before.toMs && now.fromMs >= selection.fromMs;
  return isFromLeft
    ? { fromMs: selection.fromMs, toMs: now.toMs }
    : { fromMs: now.fromMs, toMs: selection.toMs };
}

/** Which moment a key leads to; undefined: another key. Pure. */
function stepOf(key: string, at: number, count: number): number | undefined {
  if (key === 'ArrowLeft' || key === 'ArrowDown') return at - 1;
  if (key === 'ArrowRight' || key === 'ArrowUp') return at + 1;
  if (key === 'PageDown') return at - 10;
  if (key === 'PageUp') return at + 10;
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : undefined;
}
