import { toErrorRecord } from '../../../base/errors.ts';
import type { EndOfRun } from '../runs.ts';
import type { Run, RunState } from '../types.ts';
import { readInteger, readIntegerOrNull, readText, readTextOrNull, type SqlRow } from './columns.ts';

/** With `url` of its repository. */
export function toRun(row: SqlRow): Run {
  return {
    id: readInteger(row, 'id'),
    repositoryId: readInteger(row, 'repository_id'),
    url: readText(row, 'url'),
    state: readText(row, 'state') as RunState,
    reason: readText(row, 'reason'),
    requestedAtMs: readInteger(row, 'requested_at_ms'),
    startedAtMs: readIntegerOrNull(row, 'started_at_ms'),
    finishedAtMs: readIntegerOrNull(row, 'finished_at_ms'),
    summary: readTextOrNull(row, 'summary'),
    error: readTextOrNull(row, 'error'),
  };
}

/** What a run becomes at its end. */
export interface RunEnd {
  readonly state: Extract<RunState, 'done' | 'failed' | 'cancelled'>;
  readonly summary: string | null;
  /** JSON of an ErrorRecord. */
  readonly error: string | null;
}

/** What a run that was interrupted ends with: it is done again. */
const INTERRUPTIONS = ['stopping', 'room_awaited', 'lease_lost'];

/** @returns `wait`: it was interrupted, and waits again */
export function stateAfter(end: EndOfRun): RunEnd | 'wait' {
  if ('summary' in end) return { state: 'done', summary: end.summary, error: null };
  const error = toErrorRecord(end.error);
  if (INTERRUPTIONS.includes(error.code)) return 'wait';
  const state = error.answer === 'cancelled' ? 'cancelled' : 'failed';
  return { state, summary: null, error: JSON.stringify(error) };
}
