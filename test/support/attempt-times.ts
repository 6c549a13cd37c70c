import assert from 'node:assert/strict';
import type { RetrySchedule } from '../../src/engine/retry.ts';
import { rows } from './sluice.ts';

/** Journal times are whole milliseconds, rounded at both ends. */
const ROUNDING_MS = 2;

export interface AttemptCounts {
  readonly records: number;
  readonly completed: number;
  readonly failed: number;
  readonly attempts: number;
  readonly failures: number;
  /** The longest time by which a try came later than its schedule had it. */
  readonly latestMs: number;
}

/**
 * Checks every attempt on record against the schedule: numbered from 1, each at least the schedule's wait after the one
 * before, at most `maxRetries` + 1; completed records end in a success, failed ones in the last failure allowed.
 * @param slackMs how much later than the longest jitter a try may come
 */
export function checkAttempts(database: string, schedule: RetrySchedule, slackMs: number): AttemptCounts {
  const records = rows(database, 'SELECT id, filepath, current_state, attempts FROM file_records');
  const attempts = rows(database, 'SELECT * FROM attempts ORDER BY record_id, number');
  const byRecord = Map.groupBy(attempts, ({ record_id }) => Number(record_id));
  let latestMs = 0;
  for (const { id, filepath, current_state, attempts: counted } of records) {
    const tries = byRecord.get(Number(id)) ?? [];
    assert.equal(tries.length, counted, `${filepath}: as many rows as attempts counted`);
    for (const [index, { number, outcome, started_at, finished_at }] of tries.entries()) {
      const isLast = index === tries.length - 1;
      assert.equal(number, index + 1, `${filepath}: numbered in order`);
      assert.equal(outcome, isLast && current_state === 'completed' ? 'success' : 'failure', `${filepath}`);
      const next = tries[index + 1];
      if (!next) continue;
      const waitedMs = Date.parse(String(next.started_at)) - Date.parse(String(finished_at));
      const longestMs = schedule.maxMs / (1 + schedule.jitter);
      const baseMs = Math.min(schedule.firstMs * schedule.factor ** index, longestMs);
      const said = `${filepath}: retry ${index + 1} (${started_at}) after ${waitedMs} ms`;
      assert.ok(waitedMs >= baseMs - ROUNDING_MS, `${said}, not before ${baseMs} ms`);
      const lateMs = waitedMs - baseMs * (1 + schedule.jitter);
      assert.ok(lateMs <= slackMs, `${said}, ${lateMs} ms too late`);
      latestMs = Math.max(latestMs, lateMs);
    }
    if (current_state === 'failed')
      assert.equal(tries.length, schedule.maxRetries + 1, `${filepath}: given up after ten retries`);
  }
  const inState = (state: string): number => records.filter(one => one.current_state === state).length;
  return {
    records: records.length,
    completed: inState('completed'),
    failed: inState('failed'),
    attempts: attempts.length,
    failures: attempts.filter(({ outcome }) => outcome === 'failure').length,
    latestMs,
  };
}
