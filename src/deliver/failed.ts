import { matchesGlob } from 'node:path';
import { CATALOGUE, type FailureAnswer, SluiceError } from '../base/errors.ts';
import type { FileRecord, Journal } from '../keep/local/journal.ts';
import type { ObjectContext, SpoolContext } from './context.ts';
import { objectNamesOf } from './object-names.ts';
import { originOf } from './origin/origin-of.ts';

/** Which failed files are meant; without any, none are (`all` says all). */
export interface FailedSelection {
  readonly all?: boolean;
  readonly ids?: readonly number[];
  /** Glob over `profile/bucket/path`, or over the path alone. */
  readonly match?: string;
  /** Error code (`access_denied`) or what it is answered with (`give-up`, `retry`, `hold`). */
  readonly cause?: string;
  /** Those whose file is no longer there, or only those where it is; with one of the others. */
  readonly gone?: boolean;
  /** Of this profile only; with one of the others. */
  readonly profile?: string;
  /** Of this bucket only; with one of the others. */
  readonly bucket?: string;
  /** Not these; with one of the others. */
  readonly exceptIds?: readonly number[];
  /** Somewhere in `profile/bucket/path`, without regard to case. */
  readonly text?: string;
}

/** What came of one failed file. */
export interface FailedOutcome {
  readonly record: FileRecord;
  /** Why it could not be done; absent when it was. */
  readonly problem?: string;
}

const PAGE = 500;

function codeOf({ errorCode }: FileRecord): string {
  return errorCode ?? 'unknown';
}

/** Whether a record is meant. Pure. */
function isSelected(record: FileRecord, selection: FailedSelection): boolean {
  const { all, ids, exceptIds, match, cause, text, profile, bucket, gone } = selection;
  if (!all && [ids, match, cause, text].every(one => one === undefined)) return false;
  if (profile !== undefined && record.profile !== profile) return false;
  if (bucket !== undefined && record.bucket !== bucket) return false;
  if (exceptIds?.includes(record.id)) return false;
  if (gone !== undefined && (record.removedAtMs !== null) !== gone) return false;
  if (ids !== undefined && !ids.includes(record.id)) return false;
  if (cause !== undefined && codeOf(record) !== cause && record.errorAnswer !== cause) return false;
  const whole = `${record.profile}/${record.bucket}/${record.filepath}`;
  if (text !== undefined && !whole.toLowerCase().includes(text.toLowerCase())) return false;
  if (match === undefined) return true;
  return matchesGlob(record.filepath, match) || matchesGlob(whole, match);
}

const ANSWERS: Readonly<Record<FailureAnswer, true>> = {
  'give-up': true,
  hold: true,
  retry: true,
  cancelled: true,
};

/** What failed files have in common. */
export interface FailedCause {
  /** An error code; of another version's catalogue, perhaps. */
  readonly code: string;
  readonly files: number;
  readonly bytes: number;
  /** How many of them are no longer there: they can be dropped, and not tried again. */
  readonly gone: number;
  /** The one that failed last. */
  readonly example: FileRecord;
}

/** Failed files that are meant by their error codes, the commonest first. Throws `usage` as `listFailed`. */
export function failedCauses(journal: Journal, selection: FailedSelection = { all: true }): FailedCause[] {
  assertCause(journal, selection);
  const causes = new Map<string, FailedCause>();
  for (const record of failedRecords(journal)) {
    if (!isSelected(record, selection)) continue;
    const code = codeOf(record);
    const { files = 0, bytes = 0, gone = 0, example = record } = causes.get(code) ?? {};
    causes.set(code, {
      code,
      files: files + 1,
      bytes: bytes + record.size,
      gone: gone + (record.removedAtMs === null ? 0 : 1),
      example: record.lastUpdated >= example.lastUpdated ? record : example,
    });
  }
  return [...causes.values()].sort((a, b) => b.files - a.files);
}

/** Every failed file that nobody has dropped, oldest first. */
function* failedRecords(journal: Journal): Generator<FileRecord> {
  for (let afterId = 0; ; ) {
    const page = journal.inState('failed', afterId, PAGE);
    yield* page.filter(record => record.droppedAtMs === null);
    if (page.length < PAGE) return;
    afterId = page.at(-1)?.id ?? afterId;
  }
}

/** A cause that is none selects nothing, and whoever named it meant something. */
function assertCause(journal: Journal, { cause }: FailedSelection): void {
  if (cause === undefined || Object.hasOwn(CATALOGUE, cause) || Object.hasOwn(ANSWERS, cause)) return;
  const causes = failedCauses(journal);
  // Written by another version, perhaps.
  if (causes.some(({ code }) => code === cause)) return;
  throw new SluiceError('usage', `"${cause}" is no cause; ${causesInWords(causes)}`, {
    hint: 'A cause is an error code, as "sluice failed ls" shows it, or one of give-up, retry and hold.',
  });
}

/** `failed files here have access_denied (4), …`. Pure. */
export function causesInWords(causes: readonly Pick<FailedCause, 'code' | 'files'>[]): string {
  if (causes.length === 0) return 'no file here has failed';
  const words = causes.map(({ code, files }) => `${code} (${files.toLocaleString('en')})`);
  return `failed files here have ${words.join(', ')}`;
}

/**
 * Failed files that are meant, oldest first; all of them with `{ all: true }`. Those that somebody dropped are none any
 * more. Throws `usage` for a cause that does not exist; so do those below.
 */
export function listFailed(journal: Journal, selection: FailedSelection): FileRecord[] {
  assertCause(journal, selection);
  return [...failedRecords(journal)].filter(record => isSelected(record, selection));
}

/**
 * Gives failed files another series of tries, the first of them now. Works beside a running station, which notices
 * within `sync.interval`, and without one. Repeating it does nothing more. An older file never goes over a newer one.
 */
export async function retryFailed(
  context: ObjectContext,
  selection: FailedSelection,
): Promise<FailedOutcome[]> {
  const { spool, journal, clock, settings } = context;
  const there = listFailed(journal, selection).filter(({ removedAtMs }) => removedAtMs === null);
  const outcomes = await eachOf(there, async record => {
    if (journal.newerThan(record, objectNamesOf(record, settings)))
      return 'superseded: a newer file of that path came after it; this one is left in failed';
    const origin = originOf(record);
    const moved = origin.retry(spool, record);
    if (moved === 'blocked') return 'a newer file of that path is under way; try again after it';
    if (moved === 'gone') {
      await journal.changeIf(record.id, 'failed', { removedAtMs: clock.nowMs() });
      return 'the file is no longer there';
    }
    await journal.change(record.id, {
      state: origin.retryState,
      outcome: null,
      failures: 0,
      location: null,
      nextAttemptAtMs: clock.nowMs(),
      hold: null,
    });
    return undefined;
  });
  await spool.flush(spool.areaPath('processing'));
  return outcomes;
}

/**
 * Removes failed files from the disk; their records stay, say so, and no longer count. One that has vanished is dropped
 * as well. May be repeated.
 */
export function dropFailed(
  { spool, journal, clock }: SpoolContext,
  selection: FailedSelection,
): Promise<FailedOutcome[]> {
  return eachOf(listFailed(journal, selection), async record => {
    const nowMs = clock.nowMs();
    try {
      if (record.removedAtMs === null) originOf(record).drop(spool, record);
      const removedAtMs = record.removedAtMs ?? nowMs;
      await journal.change(record.id, { removedAtMs, droppedAtMs: nowMs, nextAttemptAtMs: null });
      return undefined;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return error.message;
    }
  });
}

/** @param act answers why it could not be done */
async function eachOf(
  records: readonly FileRecord[],
  act: (record: FileRecord) => Promise<string | undefined>,
): Promise<FailedOutcome[]> {
  const outcomes: FailedOutcome[] = [];
  for (const record of records) outcomes.push({ record, problem: await act(record) });
  return outcomes;
}
