/** The schedule and the work queue on it: the only place that holds a future time (C4, S3). */
export const sql = `
CREATE TABLE targets (
  key             TEXT    PRIMARY KEY,
  kind            TEXT    NOT NULL,
  -- Limits count by group: a host.
  work_group      TEXT    NOT NULL,
  -- 0 normal; higher goes first.
  priority        INTEGER NOT NULL DEFAULT 0,
  -- When it is due; null when it is on no schedule (settled, waiting to be put again).
  run_at_ms       INTEGER,
  reason          TEXT    NOT NULL DEFAULT '',
  -- Failures in a row.
  attempt         INTEGER NOT NULL DEFAULT 0,
  last_error      TEXT,
  last_sync_at_ms INTEGER,
  last_change_at_ms INTEGER,
  -- A claim in force: which worker, until when, and a number that grows with every claim, so that a late one is known.
  lease_owner     TEXT,
  lease_until_ms  INTEGER,
  claim_number    INTEGER NOT NULL DEFAULT 0,
  -- Put again while claimed: applied when the claim is settled.
  again_at_ms     INTEGER,
  again_priority  INTEGER,
  again_reason    TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX targets_due ON targets (priority DESC, run_at_ms, key) WHERE run_at_ms IS NOT NULL AND lease_owner IS NULL;
CREATE INDEX targets_leased ON targets (lease_until_ms) WHERE lease_owner IS NOT NULL;
`;
