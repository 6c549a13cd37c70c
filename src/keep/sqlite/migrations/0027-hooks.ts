/** Commands that are to be run after deliveries, put down with the change of state that they follow on. */
export const sql = `
-- What they are wanted after, as the configuration says it.
CREATE TABLE hook_events (
  event TEXT PRIMARY KEY CHECK (event IN ('delivered', 'failed'))
) STRICT, WITHOUT ROWID;

CREATE TABLE hook_runs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  record_id   INTEGER NOT NULL REFERENCES file_records(id) ON DELETE CASCADE,
  event       TEXT    NOT NULL,
  failures    INTEGER NOT NULL DEFAULT 0,
  next_at_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX hook_runs_due ON hook_runs (next_at_ms, id);
CREATE INDEX hook_runs_by_record ON hook_runs (record_id);

CREATE TRIGGER hook_runs_delivered AFTER UPDATE OF current_state ON file_records
  WHEN new.current_state = 'completed' AND old.current_state <> 'completed'
    AND new.upload_outcome = 'success' AND EXISTS (SELECT 1 FROM hook_events WHERE event = 'delivered')
BEGIN
  INSERT INTO hook_runs (record_id, event, next_at_ms) VALUES (new.id, 'delivered', 0);
END;

CREATE TRIGGER hook_runs_failed AFTER UPDATE OF current_state ON file_records
  WHEN new.current_state = 'failed' AND old.current_state <> 'failed'
    AND new.upload_outcome = 'failure' AND coalesce(new.error_code, '') <> 'superseded'
    AND EXISTS (SELECT 1 FROM hook_events WHERE event = 'failed')
BEGIN
  INSERT INTO hook_runs (record_id, event, next_at_ms) VALUES (new.id, 'failed', 0);
END;
`;
