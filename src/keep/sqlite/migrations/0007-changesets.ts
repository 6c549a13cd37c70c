/** Changesets and what happened to them, webhooks received, budgets of calls. */
export const sql = `
CREATE TABLE changesets (
  id               INTEGER PRIMARY KEY,
  host             TEXT    NOT NULL,
  -- In the host's spelling; told apart without regard to case.
  repository       TEXT    NOT NULL COLLATE NOCASE,
  number           INTEGER NOT NULL,
  -- Its key in targets, where its next sync stands; given once and kept when the repository is renamed.
  target_key       TEXT    NOT NULL UNIQUE,
  url              TEXT    NOT NULL,
  -- The host's own id, the same after a rename or transfer; null until it is known.
  host_id          TEXT,
  -- On the schedule, and on whose account: 'hand', or the entry of the configuration that brought it.
  followed         INTEGER NOT NULL DEFAULT 1,
  followed_by      TEXT    NOT NULL,
  -- new (never synced), open, draft, merged, closed, deleted.
  state            TEXT    NOT NULL DEFAULT 'new',
  title            TEXT    NOT NULL DEFAULT '',
  author           TEXT,
  author_is_bot    INTEGER NOT NULL DEFAULT 0,
  head_branch      TEXT,
  head_commit      TEXT,
  head_repository  TEXT,
  base_branch      TEXT,
  base_commit      TEXT,
  -- Times of the host's clock.
  created_at_ms    INTEGER,
  updated_at_ms    INTEGER,
  merged_at_ms     INTEGER,
  closed_at_ms     INTEGER,
  additions        INTEGER,
  deletions        INTEGER,
  changed_files    INTEGER,
  -- JSON array of names.
  labels           TEXT    NOT NULL DEFAULT '[]',
  review_state     TEXT    NOT NULL DEFAULT 'none',
  -- Null: not known.
  check_state      TEXT,
  mergeable        INTEGER,
  -- Times of this machine's clock, from here on.
  first_seen_at_ms INTEGER NOT NULL,
  last_sync_at_ms  INTEGER,
  -- When it last changed as of the last sync, and the latest that events have told since.
  last_change_at_ms INTEGER,
  latest_event_at_ms INTEGER,
  -- When it was last found to be gone; null: it is there.
  vanished_at_ms   INTEGER,
  -- Syncs in a million hours at its present rhythm: 0 when it is on none. Summed up in changeset_totals.
  load             INTEGER NOT NULL DEFAULT 0,
  -- The last failure as JSON of an ErrorRecord; the next success clears it.
  last_error       TEXT,
  UNIQUE (host, repository, number)
) STRICT;
CREATE INDEX changesets_by_source ON changesets (followed_by, id) WHERE followed = 1;
CREATE INDEX changesets_by_created ON changesets (created_at_ms);
CREATE INDEX changesets_by_updated ON changesets (updated_at_ms);

CREATE TABLE changeset_events (
  id           INTEGER PRIMARY KEY,
  changeset_id INTEGER NOT NULL REFERENCES changesets(id) ON DELETE CASCADE,
  -- The host's id with a prefix for its kind: each event once.
  host_id      TEXT    NOT NULL,
  kind         TEXT    NOT NULL,
  host_kind    TEXT    NOT NULL,
  -- at_ms, place, host_id is the order of events. Host's clock.
  at_ms        INTEGER NOT NULL,
  place        INTEGER NOT NULL,
  actor        TEXT,
  actor_is_bot INTEGER NOT NULL DEFAULT 0,
  review       TEXT,
  commit_hash  TEXT,
  check_name   TEXT,
  check_state  TEXT,
  subject      TEXT,
  UNIQUE (changeset_id, host_id)
) STRICT;
CREATE INDEX changeset_events_in_order ON changeset_events (changeset_id, at_ms, place, host_id);

-- How many changesets there are and how often they are synced, kept as they change: counting a million takes too long.
CREATE TABLE changeset_totals (
  host       TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  changesets INTEGER NOT NULL,
  followed   INTEGER NOT NULL,
  failing    INTEGER NOT NULL,
  load       INTEGER NOT NULL,
  PRIMARY KEY (host, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER changesets_added AFTER INSERT ON changesets BEGIN
  INSERT INTO changeset_totals (host, state, changesets, followed, failing, load)
    VALUES (new.host, new.state, 1, new.followed, new.last_error IS NOT NULL, new.load)
    ON CONFLICT (host, state) DO UPDATE SET changesets = changesets + 1, followed = followed + excluded.followed,
      failing = failing + excluded.failing, load = load + excluded.load;
END;
CREATE TRIGGER changesets_removed AFTER DELETE ON changesets BEGIN
  UPDATE changeset_totals SET changesets = changesets - 1, followed = followed - old.followed,
    failing = failing - (old.last_error IS NOT NULL), load = load - old.load
    WHERE host = old.host AND state = old.state;
END;
CREATE TRIGGER changesets_changed AFTER UPDATE OF host, state, followed, last_error, load ON changesets
WHEN old.state <> new.state OR old.followed <> new.followed OR old.load <> new.load
  OR (old.last_error IS NULL) <> (new.last_error IS NULL) BEGIN
  UPDATE changeset_totals SET changesets = changesets - 1, followed = followed - old.followed,
    failing = failing - (old.last_error IS NOT NULL), load = load - old.load
    WHERE host = old.host AND state = old.state;
  INSERT INTO changeset_totals (host, state, changesets, followed, failing, load)
    VALUES (new.host, new.state, 1, new.followed, new.last_error IS NOT NULL, new.load)
    ON CONFLICT (host, state) DO UPDATE SET changesets = changesets + 1, followed = followed + excluded.followed,
      failing = failing + excluded.failing, load = load + excluded.load;
END;

-- What of the configuration brings changesets in, and how its last listing went.
CREATE TABLE changeset_sources (
  name            TEXT    PRIMARY KEY,
  host            TEXT    NOT NULL,
  -- When the last complete listing began; null: none yet.
  listed_at_ms    INTEGER,
  etag            TEXT,
  found           INTEGER NOT NULL DEFAULT 0,
  last_error      TEXT
) STRICT, WITHOUT ROWID;

-- Ids of webhook deliveries taken in, so that one that is sent again changes nothing; the oldest are forgotten.
CREATE TABLE webhook_deliveries (
  id             INTEGER PRIMARY KEY,
  host           TEXT    NOT NULL,
  delivery_id    TEXT    NOT NULL,
  event          TEXT    NOT NULL,
  received_at_ms INTEGER NOT NULL,
  UNIQUE (host, delivery_id)
) STRICT;

-- By repository: what webhooks told, and how many changes polls have found since that none announced.
CREATE TABLE webhook_repositories (
  host         TEXT    NOT NULL,
  repository   TEXT    NOT NULL COLLATE NOCASE,
  received     INTEGER NOT NULL DEFAULT 0,
  last_at_ms   INTEGER,
  missed       INTEGER NOT NULL DEFAULT 0,
  missed_since INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (host, repository)
) STRICT, WITHOUT ROWID;

-- What is left of a host's budget of calls, a credential and kind of call: a restart must not forget it.
CREATE TABLE call_budgets (
  host            TEXT    NOT NULL,
  credential      TEXT    NOT NULL,
  resource        TEXT    NOT NULL,
  max_calls       INTEGER,
  remaining       INTEGER,
  reset_at_ms     INTEGER,
  paused_until_ms INTEGER,
  -- JSON: minutes since the epoch and what was spent in them, for the last hour.
  spent           TEXT    NOT NULL DEFAULT '[]',
  PRIMARY KEY (host, credential, resource)
) STRICT, WITHOUT ROWID;
`;
