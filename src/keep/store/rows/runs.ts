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
