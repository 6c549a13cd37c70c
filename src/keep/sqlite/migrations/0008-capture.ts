/** Files of readings, and what was freed when the disk ran short. */
export const sql = `
-- One row a finished file, entered before the file leaves the capture folder. profile, bucket and filepath are
-- those of its row in file_records, which tells the rest of its way.
CREATE TABLE capture_files (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  collector     TEXT    NOT NULL,
  -- exec, http, file, query or mqtt.
  method        TEXT    NOT NULL,
  profile       TEXT    NOT NULL,
  bucket        TEXT    NOT NULL,
  filepath      TEXT    NOT NULL,
  readings      INTEGER NOT NULL,
  size_bytes    INTEGER NOT NULL,
  -- ISO 8601: when the first reading was asked for and the last one was there.
  first_at      TEXT    NOT NULL,
  last_at       TEXT    NOT NULL,
  -- Null where each message was taken as it came.
  interval_ms   INTEGER,
  -- JSON list.
  tags          TEXT    NOT NULL,
  station       TEXT    NOT NULL,
  -- Why it was complete: size, age, sync, stop, binary, or recovered after a crash.
  reason        TEXT    NOT NULL,
  completed_at_ms INTEGER NOT NULL,
  -- When it was deleted before it was delivered, since the disk was full: data lost.
  lost_at_ms    INTEGER,
  UNIQUE (profile, bucket, filepath)
) STRICT;
CREATE INDEX capture_files_by_collector ON capture_files (collector, id);

-- Collector, file and object side by side, with the newest record of each file.
CREATE VIEW capture_lineage AS
SELECT capture_files.*, file_records.id AS record_id, file_records.current_state AS state,
       file_records.object_key AS object_key, file_records.completed_at_ms AS delivered_at_ms
FROM capture_files
LEFT JOIN file_records ON file_records.id = (
  SELECT max(id) FROM file_records AS r
  WHERE r.filepath = capture_files.filepath AND r.bucket = capture_files.bucket AND r.profile = capture_files.profile
);

CREATE TABLE disk_freed (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms     INTEGER NOT NULL,
  -- What gave way: completed, clones, capture.
  step      TEXT    NOT NULL,
  -- The file, where one was deleted unsent; null for a step that freed several things.
  path      TEXT,
  files     INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  -- Readings that were lost with it.
  readings  INTEGER NOT NULL DEFAULT 0,
  -- 1: data that nobody else has.
  lost      INTEGER NOT NULL DEFAULT 0
) STRICT;
`;
