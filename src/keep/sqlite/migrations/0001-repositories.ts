/** Repositories, their refs and runs, and the commits with the people in them. */
export const sql = `
CREATE TABLE repositories (
  id               INTEGER PRIMARY KEY,
  url              TEXT    NOT NULL UNIQUE,
  host             TEXT    NOT NULL,
  tracked          INTEGER NOT NULL DEFAULT 0,
  state            TEXT    NOT NULL DEFAULT 'new',
  head_ref         TEXT,
  object_format    TEXT    NOT NULL DEFAULT 'sha1',
  shallow          INTEGER NOT NULL DEFAULT 0,
  commits          INTEGER NOT NULL DEFAULT 0,
  authors          INTEGER NOT NULL DEFAULT 0,
  first_commit_at  INTEGER,
  last_commit_at   INTEGER,
  last_baked_at_ms INTEGER,
  last_error       TEXT,
  mailmap_hash     TEXT    NOT NULL DEFAULT '',
  -- The walk that is not finished: its tips are in pending_refs.
  pending_processed INTEGER,
  -- From this id on the repository's commits are not settled yet: neither in commit_hashes nor counted in
  -- identities. Null: all are. Only a first bake leaves commits unsettled, some thousands at the most.
  unsettled_from   INTEGER
) STRICT;

-- The cursor: tips whose history is completely in commits.
CREATE TABLE refs (
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  name          TEXT    NOT NULL,
  tip           BLOB    NOT NULL,
  PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE pending_refs (
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  name          TEXT    NOT NULL,
  tip           BLOB    NOT NULL,
  PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;

-- Name and e-mail as commits carry them, and what the repository's mailmap makes of them. commits and
-- co_authors refer to them without a declared foreign key: checking it would cost a third of an insert.
CREATE TABLE identities (
  id            INTEGER PRIMARY KEY,
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  name          TEXT    NOT NULL,
  email         TEXT    NOT NULL,
  mapped_name   TEXT    NOT NULL,
  mapped_email  TEXT    NOT NULL,
  mailmap_hash  TEXT    NOT NULL DEFAULT '',
  -- Of how many settled commits it is the author, so that totals need no look at the commits.
  commits       INTEGER NOT NULL DEFAULT 0,
  UNIQUE (repository_id, name, email)
) STRICT;

CREATE TABLE commits (
  id             INTEGER PRIMARY KEY,
  repository_id  INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  hash           BLOB    NOT NULL,
  author_id      INTEGER NOT NULL,
  authored_at    INTEGER NOT NULL,
  authored_zone  INTEGER NOT NULL,
  committer_id   INTEGER NOT NULL,
  committed_at   INTEGER NOT NULL,
  committed_zone INTEGER NOT NULL,
  -- Parents' hashes one after the other, each as long as hash; parent_count > 1 is a merge.
  parent_count   INTEGER NOT NULL,
  parents        BLOB    NOT NULL,
  signed         INTEGER NOT NULL,
  subject        TEXT    NOT NULL
) STRICT;
CREATE INDEX commits_by_time ON commits (repository_id, committed_at, author_id);

-- Finds a commit by hash. A table of its own instead of an index, since hashes come in random order: entered in
-- sorted runs it costs a quarter (repositories.unsettled_from).
CREATE TABLE commit_hashes (
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  hash          BLOB    NOT NULL,
  commit_id     INTEGER NOT NULL,
  PRIMARY KEY (repository_id, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE co_authors (
  commit_id   INTEGER NOT NULL REFERENCES commits(id) ON DELETE CASCADE,
  identity_id INTEGER NOT NULL,
  PRIMARY KEY (commit_id, identity_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  id              INTEGER PRIMARY KEY,
  repository_id   INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  state           TEXT    NOT NULL,
  reason          TEXT    NOT NULL,
  requested_at_ms INTEGER NOT NULL,
  started_at_ms   INTEGER,
  finished_at_ms  INTEGER,
  summary         TEXT,
  error           TEXT
) STRICT;
CREATE INDEX runs_by_repository ON runs (repository_id, state);
`;
