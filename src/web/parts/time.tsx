import { computed, signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { age, moment, span } from './words.ts';

const TICK_MS = 1_000;

/** One clock for all times on a page, in milliseconds since the epoch. */
export const nowMs = signal(Date.now());
setInterval(() => {
  if (!document.hidden) nowMs.value = Date.now();
}, TICK_MS);
document.addEventListener('visibilitychange', () => {
  nowMs.value = Date.now();
});

interface TimeProps {
  /** ISO 8601, or milliseconds since the epoch; null: a dash. */
  readonly at: string | number | null | undefined;
}

/** `4m ago`, which goes on by itself. */
export function Ago({ at }: TimeProps) {
  return <Time at={at} words={ms => `${age(-ms)} ago`} />;
}

/** `in 12s`; `due` once it is past. */
export function Until({ at }: TimeProps) {
  return <Time at={at} words={ms => (ms > 0 ? `in ${whole(ms)}` : 'due')} />;
}

/** `for 4m`. */
export function Since({ at }: TimeProps) {
  return <Time at={at} words={ms => `for ${age(-ms)}`} />;
}

/** Whole seconds: tenths that change would only flicker. */
function whole(ms: number): string {
  return ms < 60_000 ? `${Math.round(ms / 1000)}s` : span(ms);
}

function Time({ at, words }: TimeProps & { readonly words: (ms: number) => string }) {
  // Told anew only when the words change, not every second.
  const text = useMemo(() => computed(() => words(new Date(at ?? 0).getTime() - nowMs.value)), [at]);
  if (at === null || at === undefined) return <span>–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={moment(at)}>
      {text}
    </time>
  );
}
