/** The schedule: what `targets` means, engine/queue/work-queue.ts says. */
export const sql = `
CREATE TABLE targets (
  key             text     COLLATE "C" PRIMARY KEY,
  kind            text     COLLATE "C" NOT NULL,
  -- Limits count by group: a host, an endpoint.
  work_group      text     COLLATE "C" NOT NULL,
  -- 1 runs before everything else.
  priority        smallint NOT NULL DEFAULT 0 CHECK (priority IN (0, 1)),
  -- Milliseconds since the epoch, on the clock of this server.
  run_at_ms       bigint   NOT NULL,
  -- Why then, in words.
  reason          text     NOT NULL,
  -- Failures in a row, and the last one as JSON of an ErrorRecord; success clears both.
  failures        integer  NOT NULL DEFAULT 0,
  last_error      text,
  -- A claim in force: whose, and a number that no other claim has, which its job in pg-boss carries.
  claimed_by      text,
  claim_token     bigint,
  -- Taken off the schedule while claimed: gone once the claim is settled.
  dropped         boolean  NOT NULL DEFAULT false,
  -- Put again while claimed: applied when the claim is settled.
  again_at_ms     bigint,
  again_priority  smallint,
  again_reason    text,
  -- The station that has what the next run needs; others take it only when that one does not.
  home_station    text     COLLATE "C"
) WITH (fillfactor = 80);

CREATE SEQUENCE target_claims;

-- What is due, in order; and the same a group, so that a full group with many due rows is stepped over. Both hold every
-- column that the choice needs.
CREATE INDEX targets_due ON targets (kind, priority, run_at_ms, key) INCLUDE (work_group, home_station)
  WHERE claim_token IS NULL;
CREATE INDEX targets_due_by_group ON targets (kind, work_group, priority, run_at_ms, key) INCLUDE (home_station)
  WHERE claim_token IS NULL;
-- Only as many rows as work runs at once.
CREATE INDEX targets_claimed ON targets (claim_token) WHERE claim_token IS NOT NULL;

-- How many targets there are, kept as they come and go: counting a million rows takes longer than a status may. Each
-- connection counts in a row of its own, so that no two wait for each other.
CREATE TABLE target_kinds (
  kind text     COLLATE "C" NOT NULL,
  part smallint NOT NULL,
  size bigint   NOT NULL,
  PRIMARY KEY (kind, part)
) WITH (fillfactor = 50);

CREATE FUNCTION count_targets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO target_kinds (kind, part, size)
      SELECT kind, pg_backend_pid() % 64, count(*) FROM added GROUP BY kind ORDER BY kind
      ON CONFLICT (kind, part) DO UPDATE SET size = target_kinds.size + excluded.size;
  ELSE
    INSERT INTO target_kinds (kind, part, size)
      SELECT kind, pg_backend_pid() % 64, -count(*) FROM removed GROUP BY kind ORDER BY kind
      ON CONFLICT (kind, part) DO UPDATE SET size = target_kinds.size + excluded.size;
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION count_moved_target() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO target_kinds (kind, part, size)
    VALUES (old.kind, pg_backend_pid() % 64, -1), (new.kind, pg_backend_pid() % 64, 1)
    ON CONFLICT (kind, part) DO UPDATE SET size = target_kinds.size + excluded.size;
  RETURN NULL;
END $$;
CREATE TRIGGER targets_added AFTER INSERT ON targets REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_targets();
CREATE TRIGGER targets_removed AFTER DELETE ON targets REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION count_targets();
CREATE TRIGGER targets_changed_kind AFTER UPDATE OF kind ON targets FOR EACH ROW
  WHEN (old.kind IS DISTINCT FROM new.kind) EXECUTE FUNCTION count_moved_target();
`;
