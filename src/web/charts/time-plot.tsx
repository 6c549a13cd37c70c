// A picture over time: one axis below, any number of panes above it, one moment that is pointed at, a range that is chosen.
import { useComputed, useSignal } from '@preact/signals';
import { useId, useMemo, useRef } from 'preact/hooks';
import { Axes, type Pane, planOf } from './axes.tsx';
import { type Moment, Pointed, pointedAtMs, Tooltip } from './pointed.tsx';
import type { TimeRange } from './range.ts';
import type { Zone } from './time-ticks.ts';
import { useSize } from './use-size.ts';

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

/** Dragged less far than that, it was a click. */
const LEAST_DRAG_PX = 6;

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
              {pane.name ? (
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
