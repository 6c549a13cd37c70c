import { matchesGlob } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import type { FileRecord, Journal } from '../keep/local/journal.ts';
import type { Spool } from './spool/spool.ts';

/** Which failed files are meant; without any, none are (`all` says all). */
export interface FailedSelection {
  readonly all?: boolean;
  readonly ids?: readonly number[];
  /** Glob over `profile/bucket/path`, or over the path alone. */
  readonly match?: string;
  /** Error code (`access_denied`) or retry class (`permanent`, `transient`). */
  readonly cause?: string;
  /** Somewhere in `profile/bucket/path`, without regard to case. */
  readonly text?: string;
}

export interface FailedContext {
  readonly spool: Spool;
  readonly journal: Journal;
  readonly clock: Clock;
}

export interface FailedOutcome {
  readonly record: FileRecord;
  /** Why it could not be done; absent when it was. */
  readonly problem?: string;
}

const PAGE = 500;

/** Whether a record is meant. Pure. */
function isSelected(record: FileRecord, selection: FailedSelection): boolean {
  const { all, ids, match, cause, text } = selection;
  if (!all && [ids, match, cause, text].every(one => one === undefined)) return false;
  if (ids !== undefined && !ids.includes(record.id)) return false;
  if (cause !== undefined && record.errorCode !== cause && record.errorClass !== cause) return false;
  const whole = `${record.profile}/${record.bucket}/${record.filepath}`;
  if (text !== undefined && !whole.toLowerCase().includes(text.toLowerCase())) return false;
  if (match === undefined) return true;
  return matchesGlob(record.filepath, match) || matchesGlob(whole, match);
}

/** Failed files still in the spool that are meant, oldest first; all of them with `{ all: true }`. */
export function listFailed(journal: Journal, selection: FailedSelection): FileRecord[] {
  const found: FileRecord[] = [];
  for (let afterId = 0; ; ) {
    const page = journal.inState('failed', afterId, PAGE);
    found.push(...page.filter(record => record.removedAtMs === null && isSelected(record, selection)));
    if (page.length < PAGE) return found;
    afterId = page.at(-1)?.id ?? afterId;
  }
}

/**
 * Gives failed files another round of tries (S11): back to `processing`, due now. Works beside a running station, which
 * notices within `sync.interval`, and without one. Repeating it does nothing more.
 */
export async function retryFailed(
  context: FailedContext,
  selection: FailedSelection,
): Promise<FailedOutcome[]> {
  const { spool, journal, clock } = context;
  const outcomes: FailedOutcome[] = [];
  for (const record of listFailed(journal, selection)) {
    const moved = record.source === null ? spool.retake(record, record.location) : 'moved';
    if (moved === 'moved') {
      const change = {
        outcome: null,
        failures: 0,
        location: null,
        nextAttemptAtMs: clock.nowMs(),
        hold: null,
      };
      await journal.change(record.id, {
        ...change,
        state: record.source === null ? 'processing' : 'incoming',
      });
      outcomes.push({ record });
      continue;
    }
    if (moved === 'gone') await journal.change(record.id, { removedAtMs: clock.nowMs() });
    const problem =
      moved === 'gone'
        ? 'the file is no longer there'
        : 'a newer file of that path is under way; try again after it';
    outcomes.push({ record, problem });
  }
  await spool.flush(spool.areaPath('processing'));
  return outcomes;
}

/** Removes failed files from the disk; their records stay and say so. */
export async function dropFailed(
  context: FailedContext,
  selection: FailedSelection,
): Promise<FailedOutcome[]> {
  const { spool, journal, clock } = context;
  const outcomes: FailedOutcome[] = [];
  for (const record of listFailed(journal, selection)) {
    try {
      if (record.source === null) spool.remove('failed', record, record.location);
      await journal.change(record.id, { removedAtMs: clock.nowMs(), nextAttemptAtMs: null });
      outcomes.push({ record });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      outcomes.push({ record, problem: error.message });
    }
  }
  return outcomes;
}
