/** A value of a stored row: integers and reals as numbers, bytes as they are. */
export type StoredValue = null | number | string | Uint8Array;
export type StoredTableRow = Readonly<Record<string, StoredValue>>;

/** Of text, `json` is read by databases that know it, and so is stored as each of them can hold it. */
export type StoredType = 'integer' | 'real' | 'text' | 'json' | 'bytes';

/** A table of the store as every database has it. */
export interface StoreTable {
  readonly name: string;
  /** Tells rows apart; the order in which they are read. */
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, StoredType>>;
  /** Read and written at once: databases have its keys in different orders. */
  readonly isWhole?: true;
}

/** The rows of a store as they are, for moving it from one database to another. */
export interface StoreTables {
  /** Rows in the order of their keys, after the row given; all of a table that is read whole. */
  read(table: StoreTable, after: StoredTableRow | undefined, limit: number): Promise<StoredTableRow[]>;
  /** The row with the last key. */
  last(table: StoreTable): Promise<StoredTableRow | undefined>;
  /** Writes rows over those with the same key. May be repeated. */
  write(table: StoreTable, rows: readonly StoredTableRow[]): Promise<void>;
  /** Takes all rows out, and what refers to them. */
  clear(table: StoreTable): Promise<void>;
  /** Makes what follows from the rows, once all are there. May be repeated. */
  complete(): Promise<void>;
}

const id = 'integer';
const INTEGERS = (...names: readonly string[]): Record<string, StoredType> =>
  Object.fromEntries(names.map(name => [name, 'integer']));
const TEXTS = (...names: readonly string[]): Record<string, StoredType> =>
  Object.fromEntries(names.map(name => [name, 'text']));

/** In an order in which none refers to a later one. What triggers keep (`changeset_totals`, `target_kinds`) follows. */
export const STORE_TABLES: readonly StoreTable[] = [
  {
    name: 'repositories',
    key: ['id'],
    columns: {
      ...INTEGERS('id', 'tracked', 'shallow', 'commits', 'authors', 'first_commit_at', 'last_commit_at'),
      ...INTEGERS('last_baked_at_ms', 'pending_processed', 'unsettled_from', 'look_other_refs'),
      ...INTEGERS('moved_seen_at_ms', 'last_news_at_ms', 'churned_to'),
      ...TEXTS('url', 'host', 'state', 'head_ref', 'object_format', 'last_error', 'mailmap_hash'),
      ...TEXTS('look_spelling', 'moved_to'),
    },
  },
  { name: 'mailmaps', key: ['repository_id'], columns: { repository_id: id, content: 'bytes' } },
  ...['refs', 'pending_refs'].map(
    (name): StoreTable => ({
      name,
      key: ['repository_id', 'name'],
      columns: { repository_id: id, name: 'text', tip: 'bytes' },
      isWhole: true,
    }),
  ),
  {
    name: 'runs',
    key: ['id'],
    columns: {
      ...INTEGERS('id', 'repository_id', 'requested_at_ms', 'started_at_ms', 'finished_at_ms'),
      ...TEXTS('state', 'reason', 'summary', 'error'),
    },
  },
  {
    name: 'tracking',
    key: ['repository_id', 'origin'],
    columns: { repository_id: id, origin: 'text', since_ms: id },
    isWhole: true,
  },
  {
    name: 'notices',
    key: ['repository_id', 'notice'],
    columns: { repository_id: id, notice: 'text', since_ms: id },
    isWhole: true,
  },
  {
    name: 'notifications',
    key: ['id'],
    columns: { id, repository_id: id, event: 'text', message: 'text', raised_at_ms: id },
  },
  {
    name: 'notification_sendings',
    key: ['notification_id', 'channel'],
    columns: { notification_id: id, channel: 'text', ended_at_ms: id, error: 'text' },
    isWhole: true,
  },
  { name: 'bot_patterns', key: ['pattern'], columns: { pattern: 'text' }, isWhole: true },
  {
    name: 'people',
    key: ['id'],
    columns: { id, name: 'text', email: 'text', bot: id, bot_by_hand: id },
  },
  { name: 'refused_merges', key: ['one', 'other'], columns: TEXTS('one', 'other'), isWhole: true },
  { name: 'person_emails', key: ['email'], columns: { email: 'text', person_id: id }, isWhole: true },
  {
    name: 'identities',
    key: ['id'],
    columns: {
      ...INTEGERS('id', 'repository_id', 'commits', 'person_id'),
      ...TEXTS('name', 'email', 'mapped_name', 'mapped_email', 'mailmap_hash'),
    },
  },
  {
    name: 'commits',
    key: ['id'],
    columns: {
      ...INTEGERS('id', 'repository_id', 'author_id', 'authored_at', 'authored_zone', 'committer_id'),
      ...INTEGERS('committed_at', 'committed_zone', 'parent_count', 'signed'),
      hash: 'bytes',
      parents: 'bytes',
      subject: 'text',
    },
  },
  {
    name: 'commit_messages',
    key: ['commit_id'],
    columns: { commit_id: id, message: 'text', trailers: 'text' },
  },
  { name: 'co_authors', key: ['commit_id', 'identity_id'], columns: { commit_id: id, identity_id: id } },
  { name: 'commit_churn', key: ['commit_id'], columns: INTEGERS('commit_id', 'files', 'added', 'removed') },
  {
    name: 'paths',
    key: ['id'],
    columns: { id, repository_id: id, path: 'text', changes: id },
  },
  {
    name: 'file_changes',
    key: ['commit_id', 'path_id'],
    columns: INTEGERS('commit_id', 'path_id', 'day', 'author_id', 'added', 'removed'),
  },
  {
    name: 'author_days',
    key: ['repository_id', 'author_id', 'day'],
    columns: INTEGERS('repository_id', 'author_id', 'day', 'commits', 'merges', 'files', 'added', 'removed'),
  },
  {
    name: 'repository_days',
    key: ['repository_id', 'day'],
    columns: INTEGERS('repository_id', 'day', 'commits', 'merges', 'files', 'added', 'removed'),
  },
  {
    name: 'repository_hours',
    key: ['repository_id', 'four_weeks', 'hour_of_week'],
    columns: INTEGERS('repository_id', 'four_weeks', 'hour_of_week', 'commits'),
  },
  {
    name: 'changesets',
    key: ['id'],
    columns: {
      ...INTEGERS(
        'id',
        'number',
        'followed',
        'author_is_bot',
        'created_at_ms',
        'updated_at_ms',
        'merged_at_ms',
      ),
      ...INTEGERS('closed_at_ms', 'additions', 'deletions', 'changed_files', 'mergeable', 'first_seen_at_ms'),
      ...INTEGERS('last_sync_at_ms', 'last_change_at_ms', 'latest_event_at_ms', 'vanished_at_ms', 'load'),
      last_failure_at_ms: id,
      ...TEXTS(
        'host',
        'repository',
        'target_key',
        'url',
        'host_id',
        'followed_by',
        'state',
        'title',
        'author',
      ),
      ...TEXTS('head_branch', 'head_commit', 'head_repository', 'base_branch', 'base_commit', 'review_state'),
      check_state: 'text',
      labels: 'json',
      last_error: 'json',
      unseen: 'json',
    },
  },
  {
    name: 'changeset_events',
    key: ['id'],
    columns: {
      ...INTEGERS('id', 'changeset_id', 'at_ms', 'place', 'actor_is_bot'),
      ...TEXTS('host_id', 'kind', 'host_kind', 'actor', 'review', 'commit_hash', 'check_name', 'check_state'),
      subject: 'text',
    },
  },
  {
    name: 'changeset_sources',
    key: ['name'],
    columns: { name: 'text', host: 'text', listed_at_ms: id, etag: 'text', found: id, last_error: 'json' },
    isWhole: true,
  },
  {
    name: 'webhook_deliveries',
    key: ['id'],
    columns: { id, host: 'text', delivery_id: 'text', event: 'text', received_at_ms: id },
  },
  {
    name: 'webhook_repositories',
    key: ['host', 'repository'],
    columns: {
      ...TEXTS('host', 'repository'),
      ...INTEGERS('received', 'last_at_ms', 'missed', 'missed_since'),
    },
    isWhole: true,
  },
  {
    name: 'call_budgets',
    key: ['host', 'credential', 'resource'],
    columns: {
      ...TEXTS('host', 'credential', 'resource', 'spent'),
      ...INTEGERS(
        'max_calls',
        'remaining',
        'reset_at_ms',
        'paused_until_ms',
        'refused_until_ms',
        'window_ms',
      ),
    },
    isWhole: true,
  },
  {
    name: 'call_forecasts',
    key: ['host'],
    columns: { host: 'text', stretch: 'real', costs: 'text', syncs: 'text' },
    isWhole: true,
  },
  {
    // Without claims: whoever held them has to be over.
    name: 'targets',
    key: ['key'],
    columns: {
      ...TEXTS('key', 'kind', 'work_group', 'reason', 'last_error'),
      ...INTEGERS('priority', 'run_at_ms', 'failures'),
    },
  },
];
