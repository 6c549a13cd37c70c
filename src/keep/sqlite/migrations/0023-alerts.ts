/** What people are alerted of, from when it begins until it ends, and the messages about it that are still to be sent. */
export const sql = `
CREATE TABLE alerts (
  -- What it is about: two alerts of one key are one.
  key         TEXT PRIMARY KEY,
  message     TEXT NOT NULL,
  hint        TEXT NOT NULL,
  began_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_sendings (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  channel      TEXT    NOT NULL,
  -- JSON of what is sent; the same at every try.
  payload      TEXT    NOT NULL,
  failures     INTEGER NOT NULL DEFAULT 0,
  next_at_ms   INTEGER NOT NULL
) STRICT;
`;
