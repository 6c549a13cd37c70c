import { useEffect } from 'preact/hooks';
import { type Status, status } from '../../live/live.ts';
import type { Pause } from '../../parts/pauses.ts';
import { wordsOf } from '../../parts/toasts.tsx';
import { count, NBSP, number, span } from '../../parts/words.ts';
import type { StuckItem } from './stuck.tsx';

interface VerdictProps {
  readonly stuck: readonly StuckItem[] | undefined;
  readonly pauses: readonly Pause[] | undefined;
  /** Why it is not known what is stuck. */
  readonly error: Error | undefined;
}

/** Whether all flows, in a sentence. */
export function Verdict({ stuck, pauses = [], error }: VerdictProps) {
  const isKnown = stuck !== undefined;
  useEffect(() => {
    // What bench/first-paint.ts measures.
    if (isKnown) performance.mark('useful');
  }, [isKnown]);
  if (!stuck)
    return error ? (
      <div class="verdict warn" role="status">
        <p class="line">Whether all flows is not known.</p>
        <p class="quiet">{wordsOf(error)}</p>
      </div>
    ) : (
      <div class="verdict">
        <p class="line">…</p>
        <p class="quiet">{NBSP}</p>
      </div>
    );
  // What somebody paused is told of as that.
  const troubles = stuck.filter(({ stage }) => stage !== 'paused');
  const forPeople = troubles.filter(({ isWaiting }) => !isWaiting).length;
  const waiting = troubles.length - forPeople;
  const kind = forPeople > 0 ? 'bad' : waiting > 0 ? 'warn' : 'good';
  const now = status.value;
  return (
    <div class={`verdict ${kind}`} role="status">
      <p class="line">{sentence(forPeople, waiting)}</p>
      <p class="quiet">
        {[
          pauses.length > 0 ? `${count(pauses.length, 'pause')} in force` : '',
          ...(now ? [dueWords(now), underWay(now)] : []),
        ]
          .filter(Boolean)
          .join(' · ') || NBSP}
      </p>
    </div>
  );
}

/** Pure. */
function sentence(forPeople: number, waiting: number): string {
  const again =
    waiting === 1 ? 'one is tried again by itself' : `${number(waiting)} are tried again by themselves`;
  if (forPeople > 0) {
    const wants = forPeople === 1 ? 'One thing needs you' : `${number(forPeople)} things need you`;
    return waiting > 0 ? `${wants}; ${again}.` : `${wants}.`;
  }
  return waiting > 0 ? `Nothing needs you; ${again}.` : 'All flows.';
}

function dueWords({ schedule: { due, behindMs } }: Status): string {
  return due > 0 ? `${count(due, 'sync', 'syncs')} due, behind ${span(behindMs)}` : 'no sync is due';
}

function underWay({ deliveries: { incoming, processing } }: Status): string {
  const files = incoming + processing;
  return files > 0 ? `${count(files, 'file')} on their way` : 'no file is on its way';
}
