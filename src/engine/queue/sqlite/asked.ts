import { SluiceError } from '../../../base/errors.ts';
import type { QueuePosition, ScheduleRequest } from '../work-queue.ts';

/** The place that a placement asks for. Throws `internal` for a time that is none. */
export function placeAsked(
  key: string,
  { runAtMs, priority = 'normal', reason }: ScheduleRequest,
): QueuePosition {
  return { runAtMs: wholeMs(runAtMs, key), priority, reason };
}

/** A time in whole milliseconds. Throws `internal` for what is no time. */
export function wholeMs(timeMs: number, key: string): number {
  const whole = Math.round(timeMs);
  if (Number.isSafeInteger(whole)) return whole;
  throw new SluiceError('internal', `${key}: ${timeMs} is not a time`, {
    operation: 'schedule',
    subject: key,
  });
}
