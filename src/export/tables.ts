import type { CaptureLineage } from '../keep/local/captures.ts';
import type { FileRecord } from '../keep/local/journal.ts';
import {
  STORE_TABLES,
  type StoredTableRow,
  type StoredValue,
  type StoreTable,
} from '../keep/store/tables.ts';

/**
 * What a column of a file holds. `seconds` and `milliseconds` since the epoch, and `time` (ISO 8601), become timestamps,
 * `days` since the epoch days; `hash` is bytes and becomes hexadecimal, `hashes` several one after the other.
 */
export type ExportType =
  | 'text'
  | 'integer'
  | 'number'
  | 'flag'
  | 'seconds'
  | 'milliseconds'
  | 'time'
  | 'days'
  | 'hash'
  | 'hashes';

export type ExportRow = Readonly<Record<string, StoredValue>>;

/** What rows are read from. */
export interface ExportSource {
  readonly tables: {
    read(table: StoreTable, after: StoredTableRow | undefined, limit: number): Promise<StoredTableRow[]>;
  };
  /** Newest first, before an id. */
  deliveries(beforeId: number, limit: number): readonly FileRecord[];
  captures(beforeId: number, limit: number): readonly CaptureLineage[];
}

/** A table as a file of its own. */
export interface ExportTable {
  readonly name: string;
  /** What a row is, in a line. */
  readonly about: string;
  readonly columns: Readonly<Record<string, ExportType>>;
  /** All rows, a page at a time. */
  rows(source: ExportSource): AsyncGenerator<readonly ExportRow[]>;
}

/** Rows a page. Messages of commits have 64 KiB at most, so that a page of them stays below 64 MiB. */
const PAGE_ROWS = 1_000;
const MANY_ROWS = 10_000;

/** Columns of the schema (docs/reference/schema.md) under their names; none that is internal. */
export const EXPORT_TABLES: readonly ExportTable[] = [
  stored('repositories', 'a repository', {
    id: 'integer',
    url: 'text',
    host: 'text',
    tracked: 'flag',
    state: 'text',
    head_ref: 'text',
    object_format: 'text',
    shallow: 'flag',
    commits: 'integer',
    authors: 'integer',
    first_commit_at: 'seconds',
    last_commit_at: 'seconds',
    last_baked_at_ms: 'milliseconds',
    last_error: 'text',
    moved_to: 'text',
    last_news_at_ms: 'milliseconds',
  }),
  stored('refs', 'a branch or tag', { repository_id: 'integer', name: 'text', tip: 'hash' }),
  stored('people', 'somebody, or a program', {
    id: 'integer',
    name: 'text',
    email: 'text',
    bot: 'flag',
    bot_by_hand: 'flag',
  }),
  stored('identities', 'a name and e-mail in commits of a repository, and whose', {
    id: 'integer',
    repository_id: 'integer',
    name: 'text',
    email: 'text',
    mapped_name: 'text',
    mapped_email: 'text',
    commits: 'integer',
    person_id: 'integer',
  }),
  stored(
    'commits',
    'a commit',
    {
      id: 'integer',
      repository_id: 'integer',
      hash: 'hash',
      author_id: 'integer',
      authored_at: 'seconds',
      authored_zone: 'integer',
      committer_id: 'integer',
      committed_at: 'seconds',
      committed_zone: 'integer',
      parent_count: 'integer',
      parents: 'hashes',
      signed: 'flag',
      subject: 'text',
    },
    MANY_ROWS,
  ),
  stored('commit_messages', 'what a commit says beyond its subject', {
    commit_id: 'integer',
    message: 'text',
    trailers: 'text',
  }),
  stored(
    'co_authors',
    'a co-author of a commit',
    { commit_id: 'integer', identity_id: 'integer' },
    MANY_ROWS,
  ),
  stored(
    'commit_churn',
    'what a commit changed, in all',
    { commit_id: 'integer', files: 'integer', added: 'integer', removed: 'integer' },
    MANY_ROWS,
  ),
  stored('paths', 'a file of a repository', {
    id: 'integer',
    repository_id: 'integer',
    path: 'text',
    changes: 'integer',
  }),
  stored(
    'file_changes',
    'what a commit changed in a file',
    {
      commit_id: 'integer',
      path_id: 'integer',
      day: 'days',
      author_id: 'integer',
      added: 'integer',
      removed: 'integer',
    },
    MANY_ROWS,
  ),
  stored('changesets', 'a pull or merge request', {
    id: 'integer',
    host: 'text',
    repository: 'text',
    number: 'integer',
    url: 'text',
    followed: 'flag',
    followed_by: 'text',
    state: 'text',
    title: 'text',
    author: 'text',
    author_is_bot: 'flag',
    head_branch: 'text',
    head_commit: 'text',
    head_repository: 'text',
    base_branch: 'text',
    base_commit: 'text',
    created_at_ms: 'milliseconds',
    updated_at_ms: 'milliseconds',
    merged_at_ms: 'milliseconds',
    closed_at_ms: 'milliseconds',
    additions: 'integer',
    deletions: 'integer',
    changed_files: 'integer',
    labels: 'text',
    review_state: 'text',
    check_state: 'text',
    mergeable: 'flag',
    first_seen_at_ms: 'milliseconds',
    last_sync_at_ms: 'milliseconds',
    last_change_at_ms: 'milliseconds',
    vanished_at_ms: 'milliseconds',
    last_error: 'text',
  }),
  stored('changeset_events', 'what happened to a changeset', {
    id: 'integer',
    changeset_id: 'integer',
    kind: 'text',
    host_kind: 'text',
    at_ms: 'milliseconds',
    place: 'integer',
    actor: 'text',
    actor_is_bot: 'flag',
    review: 'text',
    commit_hash: 'text',
    check_name: 'text',
    check_state: 'text',
    subject: 'text',
  }),
  {
    name: 'deliveries',
    about: 'a file on its way, or that was',
    columns: {
      id: 'integer',
      profile: 'text',
      bucket: 'text',
      filepath: 'text',
      object_key: 'text',
      source: 'text',
      current_state: 'text',
      upload_outcome: 'text',
      size_bytes: 'integer',
      file_creation_date: 'time',
      last_updated: 'time',
      attempts: 'integer',
      failures: 'integer',
      next_attempt_at_ms: 'milliseconds',
      hold: 'text',
      error_code: 'text',
      error_answer: 'text',
      error_message: 'text',
      etag: 'text',
      crc32: 'text',
      verified: 'text',
      entered_at_ms: 'milliseconds',
      completed_at_ms: 'milliseconds',
      removed_at_ms: 'milliseconds',
      dropped_at_ms: 'milliseconds',
    },
    rows: source => backwards((beforeId, limit) => source.deliveries(beforeId, limit), deliveryRow),
  },
  {
    name: 'captures',
    about: 'a file of readings, and its object',
    columns: {
      id: 'integer',
      collector: 'text',
      method: 'text',
      station: 'text',
      profile: 'text',
      bucket: 'text',
      filepath: 'text',
      readings: 'integer',
      size_bytes: 'integer',
      first_at: 'time',
      last_at: 'time',
      interval_ms: 'integer',
      tags: 'text',
      reason: 'text',
      completed_at_ms: 'milliseconds',
      current_state: 'text',
      object_key: 'text',
      delivered_at_ms: 'milliseconds',
      lost_at_ms: 'milliseconds',
    },
    rows: source => backwards((beforeId, limit) => source.captures(beforeId, limit), captureRow),
  },
];

/** A table of the store, in the order of its key. */
function stored(
  name: string,
  about: string,
  columns: Readonly<Record<string, ExportType>>,
  pageRows = PAGE_ROWS,
): ExportTable {
  return {
    name,
    about,
    columns,
    async *rows({ tables }) {
      const table = columnsOf(name, columns);
      for (let after: StoredTableRow | undefined; ; ) {
        const page = await tables.read(table, after, pageRows);
        if (page.length > 0) yield page;
        after = page.at(-1);
        if (page.length < pageRows) return;
      }
    },
  };
}

/** The table with these columns and its key alone. */
function columnsOf(name: string, columns: Readonly<Record<string, ExportType>>): StoreTable {
  const table = STORE_TABLES.find(each => each.name === name);
  if (!table) throw new TypeError(`the store has no table ${name}`);
  const unknown = Object.keys(columns).filter(column => !(column in table.columns));
  if (unknown.length > 0) throw new TypeError(`table ${name} has no column ${unknown}`);
  const wanted = Object.entries(table.columns).filter(
    ([column]) => column in columns || table.key.includes(column),
  );
  // Keys may be in another order in another database, but each has one of its own.
  return { name, key: table.key, columns: Object.fromEntries(wanted) };
}

async function* backwards<Row extends { readonly id: number }>(
  list: (beforeId: number, limit: number) => readonly Row[],
  toRow: (row: Row) => ExportRow,
): AsyncGenerator<readonly ExportRow[]> {
  for (let beforeId = Number.MAX_SAFE_INTEGER; ; ) {
    const page = list(beforeId, PAGE_ROWS);
    if (page.length > 0) yield page.map(toRow);
    if (page.length < PAGE_ROWS) return;
    beforeId = page.at(-1)?.id ?? 0;
  }
}

function deliveryRow(record: FileRecord): ExportRow {
  return {
    id: record.id,
    profile: record.profile,
    bucket: record.bucket,
    filepath: record.filepath,
    object_key: record.objectKey,
    source: record.source,
    current_state: record.state,
    upload_outcome: record.outcome,
    size_bytes: record.size,
    file_creation_date: record.fileCreationDate,
    last_updated: record.lastUpdated,
    attempts: record.attempts,
    failures: record.failures,
    next_attempt_at_ms: record.nextAttemptAtMs,
    hold: record.hold,
    error_code: record.errorCode,
    error_answer: record.errorAnswer,
    error_message: record.errorMessage,
    etag: record.etag,
    crc32: record.crc32,
    verified: record.verified,
    entered_at_ms: record.enteredAtMs,
    completed_at_ms: record.completedAtMs,
    removed_at_ms: record.removedAtMs,
    dropped_at_ms: record.droppedAtMs,
  };
}

function captureRow(file: CaptureLineage): ExportRow {
  return {
    id: file.id,
    collector: file.collector,
    method: file.method,
    station: file.station,
    profile: file.profile,
    bucket: file.bucket,
    filepath: file.filepath,
    readings: file.readings,
    size_bytes: file.bytes,
    first_at: file.firstAt,
    last_at: file.lastAt,
    interval_ms: file.intervalMs,
    tags: JSON.stringify(file.tags),
    reason: file.reason,
    completed_at_ms: file.completedAtMs,
    current_state: file.state,
    object_key: file.objectKey,
    delivered_at_ms: file.deliveredAtMs,
    lost_at_ms: file.lostAtMs,
  };
}
