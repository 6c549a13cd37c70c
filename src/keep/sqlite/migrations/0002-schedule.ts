/** The schedule and the work queue on it. */
export const sql = `
CREATE TABLE targets (
  key             TEXT    PRIMARY KEY,
  kind            TEXT    NOT NULL,
  -- Limits count by group: a host, an endpoint.
  work_group      TEXT    NOT NULL,
  -- 1 runs before everything else.
  priority        INTEGER NOT NULL DEFAULT 0 CHECK (priority IN (0, 1)),
  run_at_ms       INTEGER NOT NULL,
  -- Why then, in words.
  reason          TEXT    NOT NULL,
  -- Failures in a row, and the last one as JSON of an ErrorRecord; success clears both.
  failures        INTEGER NOT NULL DEFAULT 0,
  last_error      TEXT,
  -- A claim in force: whose, until when, and a number that no other claim has, so that a late one is known.
  lease_owner     TEXT,
  lease_until_ms  INTEGER,
  claim_token     INTEGER,
  -- Taken off the schedule while claimed: gone once the claim is settled.
  dropped         INTEGER NOT NULL DEFAULT 0,
  -- Put again while claimed: applied when the claim is settled.
  again_at_ms     INTEGER,
  again_priority  INTEGER,
  again_reason    TEXT
) STRICT, WITHOUT ROWID;

-- What is due, in order; and the same a group, so that a full group with many due rows is stepped over. Both hold
-- every column that the choice needs (lease_owner, always null here, too): without that each row would be looked up.
CREATE INDEX targets_due ON targets (kind, priority, run_at_ms, key, work_group, lease_owner)
  WHERE lease_owner IS NULL;
CREATE INDEX targets_due_by_group ON targets (kind, work_group, priority, run_at_ms, key, lease_owner)
  WHERE lease_owner IS NULL;
-- Only as many rows as work runs at once.
CREATE INDEX targets_claimed ON targets (work_group, key) WHERE lease_owner IS NOT NULL;

-- How many targets there are, kept as they come and go: counting a million rows takes longer than a status may.
CREATE TABLE target_kinds (
  kind TEXT    PRIMARY KEY,
  size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER targets_added AFTER INSERT ON targets BEGIN
  INSERT INTO target_kinds (kind, size) VALUES (new.kind, 1) ON CONFLICT (kind) DO UPDATE SET size = size + 1;
END;
CREATE TRIGGER targets_removed AFTER DELETE ON targets BEGIN
  UPDATE target_kinds SET size = size - 1 WHERE kind = old.kind;
END;
CREATE TRIGGER targets_changed_kind AFTER UPDATE OF kind ON targets WHEN old.kind <> new.kind BEGIN
  UPDATE target_kinds SET size = size - 1 WHERE kind = old.kind;
  INSERT INTO target_kinds (kind, size) VALUES (new.kind, 1) ON CONFLICT (kind) DO UPDATE SET size = size + 1;
END;
`;
