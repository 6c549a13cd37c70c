// What happened to a file, step by step, in words. Pure.
import type { Answer } from '../../../client/index.ts';
import type { StateKind } from '../../parts/text.tsx';
import { span } from '../../parts/words.ts';

export type DeliveryInFull = Answer<'getDelivery'>;

/** One thing that happened to it. */
export interface Step {
  readonly key: string;
  readonly at: string;
  readonly kind: StateKind;
  readonly name: string;
  /** More of it, as somebody elsewhere may have put it. */
  readonly more?: string;
}

const PROOF: Readonly<Record<NonNullable<DeliveryInFull['verified']>, string>> = {
  checksum: 'the store has the very content, by its checksum',
  size: 'the store has as many bytes',
  none: 'the store cannot be asked what it has',
};

/** All that is known of its way, oldest first. */
export function stepsOf(delivery: DeliveryInFull): readonly Step[] {
  const { createdAt, enteredAt, sentAt, completedAt, removedAt, droppedAt, verified, state } = delivery;
  const steps: Step[] = [{ key: 'created', at: createdAt, kind: '', name: 'written' }];
  if (enteredAt !== null) steps.push({ key: 'entered', at: enteredAt, kind: '', name: 'came into view' });
  for (const attempt of delivery.attemptHistory) {
    const { number, startedAt, finishedAt, outcome, errorCode, errorMessage } = attempt;
    const took = span(Date.parse(finishedAt) - Date.parse(startedAt));
    const isGood = outcome === 'success';
    steps.push({
      key: `attempt ${number}`,
      at: startedAt,
      kind: isGood ? 'good' : 'bad',
      name: `try ${number}: ${isGood ? 'delivered' : (errorCode ?? 'failed')} in ${took}`,
      more: errorMessage ?? undefined,
    });
  }
  if (sentAt !== null)
    steps.push({ key: 'sent', at: sentAt, kind: 'busy', name: 'the store has acknowledged it' });
  if (completedAt !== null)
    steps.push({
      key: 'completed',
      at: completedAt,
      kind: 'good',
      name: 'delivered',
      more: verified === null ? undefined : PROOF[verified],
    });
  if (droppedAt !== null)
    steps.push({ key: 'dropped', at: droppedAt, kind: 'warn', name: 'dropped by hand' });
  else if (removedAt !== null)
    steps.push({
      key: 'removed',
      at: removedAt,
      kind: state === 'completed' ? '' : 'bad',
      name: state === 'completed' ? 'removed from the disk' : 'no longer there',
    });
  // Of the same moment, what came first stays first.
  return steps.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
}
