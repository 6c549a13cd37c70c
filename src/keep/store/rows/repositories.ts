import type { RepositoryChange, RepositoryFigures } from '../repositories.ts';
import type { RemoteCheck, Repository, RepositoryState, TrackingOrigin } from '../types.ts';
import { readInteger, readIntegerOrNull, readText, readTextOrNull, type SqlRow } from './columns.ts';

/** Column for each field that `update` may change. */
const COLUMNS: Readonly<Record<Exclude<keyof RepositoryChange, 'remoteCheck'>, string>> = {
  state: 'state',
  headRef: 'head_ref',
  objectFormat: 'object_format',
  shallow: 'shallow',
  lastError: 'last_error',
  lastBakedAtMs: 'last_baked_at_ms',
  lastNewsAtMs: 'last_news_at_ms',
  movedTo: 'moved_to',
  movedSeenAtMs: 'moved_seen_at_ms',
};

/** A row of counts over all repositories. */
export function figuresOf(row: SqlRow): RepositoryFigures {
  return {
    known: readInteger(row, 'known'),
    tracked: readInteger(row, 'tracked'),
    failing: readInteger(row, 'failing'),
    commits: readInteger(row, 'commits'),
  };
}

/** With `tracked_by`: who tracks it, one a line. */
export function toRepository(row: SqlRow): Repository {
  return {
    id: readInteger(row, 'id'),
    url: readText(row, 'url'),
    host: readText(row, 'host'),
    tracked: readInteger(row, 'tracked') === 1,
    trackedBy: (readTextOrNull(row, 'tracked_by')?.split('\n') ?? []) as TrackingOrigin[],
    state: readText(row, 'state') as RepositoryState,
    headRef: readTextOrNull(row, 'head_ref'),
    objectFormat: readText(row, 'object_format') === 'sha256' ? 'sha256' : 'sha1',
    shallow: readInteger(row, 'shallow') === 1,
    totals: {
      commits: readInteger(row, 'commits'),
      authors: readInteger(row, 'authors'),
      firstCommitAt: readIntegerOrNull(row, 'first_commit_at'),
      lastCommitAt: readIntegerOrNull(row, 'last_commit_at'),
    },
    lastBakedAtMs: readIntegerOrNull(row, 'last_baked_at_ms'),
    lastNewsAtMs: readIntegerOrNull(row, 'last_news_at_ms'),
    lastError: readTextOrNull(row, 'last_error'),
    remoteCheck: remoteCheckOf(row),
    movedTo: readTextOrNull(row, 'moved_to'),
    movedSeenAtMs: readIntegerOrNull(row, 'moved_seen_at_ms'),
  };
}

function remoteCheckOf(row: SqlRow): RemoteCheck | null {
  const spelling = readTextOrNull(row, 'look_spelling');
  return spelling === null ? null : { spelling, otherRefs: readInteger(row, 'look_other_refs') };
}

export type Assignment = readonly [column: string, value: string | number | null];

/** Columns and their new values; a remote check is two columns. */
export function assignmentsOf({ remoteCheck, ...change }: RepositoryChange): readonly Assignment[] {
  const plain = Object.entries(change)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]): Assignment => {
      const column = COLUMNS[field as keyof typeof COLUMNS];
      return [column, typeof value === 'boolean' ? Number(value) : value];
    });
  if (remoteCheck === undefined) return plain;
  return [
    ...plain,
    ['look_spelling', remoteCheck?.spelling ?? null],
    ['look_other_refs', remoteCheck?.otherRefs ?? null],
  ];
}
