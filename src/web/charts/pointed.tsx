// What is pointed at in a picture over time, and what is said of it.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Plan } from './axes.tsx';
import type { TimeRange } from './range.ts';

/** What is said of a span of time when it is pointed at. */
export interface Moment extends TimeRange {
  readonly title: string;
  readonly note?: string | undefined;
  readonly rows: readonly { readonly mark?: string; readonly name: string; readonly value: string }[];
}

/** The moment that is pointed at in any picture of the page: the others show where it is in them. */
export const pointedAtMs = signal<{ readonly ms: number; readonly by: string } | undefined>(undefined);

interface PointedProps {
  readonly plan: Plan;
  readonly index: ReadonlySignal<number>;
  readonly isShown: Signal<boolean>;
  readonly moments: readonly Moment[];
}

export function Pointed(
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

export function Tooltip(props: PointedProps & { readonly width: number; readonly rem: number }) {
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
