import { useState } from 'preact/hooks';
import { nowMs } from './time.tsx';
import { clockTime, number } from './words.ts';

interface SparklineProps {
  /** What is counted, as in `files delivered`. */
  readonly what: string;
  /** An amount each span, the oldest first; the last has not ended. */
  readonly amounts: readonly number[];
  /** When the first span begins, ISO 8601. */
  readonly fromAt: string;
  readonly spanMs: number;
  readonly words?: (amount: number) => string;
  readonly kind?: 'bad';
}

const WIDTH = 100;
const HEIGHT = 24;

/** How much when, in the height of a line; the pointer tells a span's time and amount. */
export function Sparkline({ what, amounts, fromAt, spanMs, words = number, kind }: SparklineProps) {
  const [chosen, setChosen] = useState<number>();
  const most = Math.max(...amounts, 0);
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  const atMs = (index: number): number => Date.parse(fromAt) + index * spanMs;
  const peak = clockTime(atMs(amounts.indexOf(most)), nowMs.peek());
  const label = total === 0 ? `${what}: none` : `${what}: ${words(total)}, most at ${peak}: ${words(most)}`;
  const choose = (event: PointerEvent): void => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    const index = Math.floor(((event.clientX - left) / width) * amounts.length);
    setChosen(Math.min(Math.max(0, index), amounts.length - 1));
  };
  const amount = chosen === undefined ? undefined : amounts[chosen];
  return (
    <div class="spark" onPointerMove={choose} onPointerLeave={() => setChosen(undefined)}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
        class={total === 0 ? 'none' : kind}
      >
        <path class="area" d={`${lineOf(amounts, most)}V${HEIGHT}H0Z`} />
        <path class="line" d={lineOf(amounts, most)} />
        {chosen === undefined ? null : <path class="at" d={`M${xOf(chosen, amounts.length)} 0V${HEIGHT}`} />}
      </svg>
      {chosen === undefined || amount === undefined ? null : (
        <span class="tip" aria-hidden="true">
          {clockTime(atMs(chosen), nowMs.peek())} <b>{words(amount)}</b>
        </span>
      )}
    </div>
  );
}

function xOf(index: number, length: number): number {
  return (index / Math.max(1, length - 1)) * WIDTH;
}

/** A path through the amounts; the largest reaches to just below the top. Pure. */
function lineOf(amounts: readonly number[], most: number): string {
  const points = amounts.map((amount, index) => {
    const y = HEIGHT - 1 - (most === 0 ? 0 : (amount / most) * (HEIGHT - 3));
    return `${xOf(index, amounts.length).toFixed(2)} ${y.toFixed(2)}`;
  });
  return `M${points.join('L')}`;
}
