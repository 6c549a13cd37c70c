/** Why repositories are kept fresh, what the last check of their remotes saw, and what people are notified of. */
export const sql = `
-- Who wants a repository kept fresh: config, cli, api, or owner:<forge>:<name>. repositories.tracked is 1 as long as
-- there is a row here; both change in one transaction.
CREATE TABLE tracking (
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  origin        TEXT    NOT NULL,
  since_ms      INTEGER NOT NULL,
  PRIMARY KEY (repository_id, origin)
) STRICT, WITHOUT ROWID;
CREATE INDEX tracking_by_origin ON tracking (origin, repository_id);
INSERT INTO tracking (repository_id, origin, since_ms) SELECT id, 'config', 0 FROM repositories WHERE tracked = 1;

-- The spelling of the address that answered, and how many refs are neither branch nor tag there. Both null: the
-- last bake left something undone, so a look at the remote is not enough.
ALTER TABLE repositories ADD COLUMN look_spelling TEXT;
ALTER TABLE repositories ADD COLUMN look_other_refs INTEGER;
-- Where the address redirects to, and when it was last seen to.
ALTER TABLE repositories ADD COLUMN moved_to TEXT;
ALTER TABLE repositories ADD COLUMN moved_seen_at_ms INTEGER;
-- A push webhook may spell an address in another case, or name the place that a repository has moved to.
CREATE INDEX repositories_by_url_alike ON repositories (url COLLATE NOCASE);
CREATE INDEX repositories_by_moved_to ON repositories (moved_to COLLATE NOCASE) WHERE moved_to IS NOT NULL;
-- When a bake last found commits that were not there at the one before.
ALTER TABLE repositories ADD COLUMN last_news_at_ms INTEGER;

-- What a repository is known for until the opposite is told: stale until it is awake, failing until it has recovered.
CREATE TABLE notices (
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  notice        TEXT    NOT NULL CHECK (notice IN ('stale', 'failing')),
  since_ms      INTEGER NOT NULL,
  PRIMARY KEY (repository_id, notice)
) STRICT, WITHOUT ROWID;

-- Each is raised once, in the transaction that changes notices.
CREATE TABLE notifications (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  event         TEXT    NOT NULL CHECK (event IN ('stale', 'awake', 'failing', 'recovered')),
  message       TEXT    NOT NULL,
  raised_at_ms  INTEGER NOT NULL
) STRICT;

-- What became of it by each way out (webhook, command). ended_at_ms null: still to be sent.
CREATE TABLE notification_sendings (
  notification_id INTEGER NOT NULL REFERENCES notifications(id) ON DELETE CASCADE,
  channel         TEXT    NOT NULL,
  ended_at_ms     INTEGER,
  error           TEXT,
  PRIMARY KEY (notification_id, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX notification_sendings_open ON notification_sendings (notification_id) WHERE ended_at_ms IS NULL;
`;
