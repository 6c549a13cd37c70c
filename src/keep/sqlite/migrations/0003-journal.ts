/**
 * What happened to every file that was to be delivered. The first eight columns are promised to people who query them.
 */
export const sql = `
CREATE TABLE file_records (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  profile             TEXT    NOT NULL,
  bucket              TEXT    NOT NULL,
  -- Relative to the bucket's folder, which is also the object's key less a prefix.
  filepath            TEXT    NOT NULL,
  -- ISO 8601, UTC.
  file_creation_date  TEXT    NOT NULL,
  current_state       TEXT    NOT NULL
    CHECK (current_state IN ('incoming_tmp', 'incoming', 'processing', 'completed', 'failed')),
  last_updated        TEXT    NOT NULL,
  upload_outcome      TEXT    CHECK (upload_outcome IN ('success', 'failure')),
  size_bytes          INTEGER NOT NULL,
  mtime_ms            REAL    NOT NULL,
  inode               INTEGER NOT NULL,
  -- Path below the bucket's folder where the file lies under another name than filepath (a name was taken).
  location            TEXT,
  -- Absolute path of a file that is delivered from where it lies, outside the spool.
  source              TEXT,
  object_key          TEXT,
  -- Tries in all, and failures in a row that count towards the limit.
  attempts            INTEGER NOT NULL DEFAULT 0,
  failures            INTEGER NOT NULL DEFAULT 0,
  -- When the next try is due; null: it waits for something other than time (see hold), or has ended.
  next_attempt_at_ms  INTEGER,
  -- Why it waits without a time: empty (no content yet), bucket (there is none).
  hold                TEXT,
  error_code          TEXT,
  error_class         TEXT,
  error_message       TEXT,
  etag                TEXT,
  crc32               TEXT,
  -- How the object was verified: checksum, size, or none where the server has no HEAD.
  verified            TEXT,
  completed_at_ms     INTEGER,
  -- When the file was removed from the spool: by retention, by hand, or because it vanished.
  removed_at_ms       INTEGER
) STRICT;
-- At most one record an address is in each of the states before the end.
CREATE UNIQUE INDEX file_records_active ON file_records (profile, bucket, filepath, current_state)
  WHERE current_state IN ('incoming', 'processing') AND source IS NULL;
CREATE INDEX file_records_by_path ON file_records (filepath, bucket, profile);
CREATE INDEX file_records_due ON file_records (profile, next_attempt_at_ms) WHERE next_attempt_at_ms IS NOT NULL;
CREATE INDEX file_records_held ON file_records (hold, profile, bucket) WHERE hold IS NOT NULL;
CREATE INDEX file_records_by_state ON file_records (current_state, id);
CREATE INDEX file_records_source ON file_records (source, id) WHERE source IS NOT NULL;
CREATE INDEX file_records_kept ON file_records (completed_at_ms)
  WHERE current_state = 'completed' AND removed_at_ms IS NULL AND source IS NULL;

CREATE TABLE attempts (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  record_id      INTEGER NOT NULL REFERENCES file_records(id) ON DELETE CASCADE,
  number         INTEGER NOT NULL,
  started_at     TEXT    NOT NULL,
  finished_at    TEXT    NOT NULL,
  outcome        TEXT    NOT NULL CHECK (outcome IN ('success', 'failure')),
  error_class    TEXT,
  error_code     TEXT,
  error_message  TEXT
) STRICT;
CREATE INDEX attempts_by_record ON attempts (record_id, number);

-- Uploads in parts that are not complete: what a restart resumes.
CREATE TABLE uploads (
  record_id      INTEGER PRIMARY KEY REFERENCES file_records(id) ON DELETE CASCADE,
  upload_id      TEXT    NOT NULL,
  object_key     TEXT    NOT NULL,
  part_bytes     INTEGER NOT NULL,
  size_bytes     INTEGER NOT NULL,
  mtime_ms       REAL    NOT NULL,
  inode          INTEGER NOT NULL,
  started_at_ms  INTEGER NOT NULL
) STRICT;
CREATE TABLE upload_parts (
  record_id    INTEGER NOT NULL REFERENCES uploads(record_id) ON DELETE CASCADE,
  part_number  INTEGER NOT NULL,
  etag         TEXT    NOT NULL,
  size_bytes   INTEGER NOT NULL,
  crc32        TEXT,
  PRIMARY KEY (record_id, part_number)
) STRICT, WITHOUT ROWID;
`;
