/** What has been learned of hosts' budgets outlives a restart; changesets are found by their head; the last try. */
export const sql = `
-- The host does not accept the credential: it is tried again then. Null: it does.
ALTER TABLE call_budgets ADD COLUMN refused_until_ms INTEGER;
-- Length of the host's window, as far as it has shown.
ALTER TABLE call_budgets ADD COLUMN window_ms INTEGER;

-- What the forecast of a host's calls has learned.
CREATE TABLE call_forecasts (
  host    TEXT NOT NULL PRIMARY KEY,
  -- What the host's intervals are multiplied by.
  stretch REAL NOT NULL,
  -- JSON: calls or points a sync, by resource.
  costs   TEXT NOT NULL DEFAULT '{}',
  -- JSON: minutes since the epoch and the syncs in them, for the last hour.
  syncs   TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;

-- When a sync last failed, on this machine's clock; the next success clears it.
ALTER TABLE changesets ADD COLUMN last_failure_at_ms INTEGER;
CREATE INDEX changesets_by_head ON changesets (head_commit) WHERE followed = 1;
CREATE INDEX changesets_by_branch ON changesets (host, repository, head_branch) WHERE followed = 1;
`;
