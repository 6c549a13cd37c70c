/** What the station did, in spans of a minute for an hour and of a quarter of an hour for a day; older ones are deleted. */
export const sql = `
CREATE TABLE rates (
  -- Its length.
  span_ms  INTEGER NOT NULL,
  -- When it begins.
  from_ms  INTEGER NOT NULL,
  -- What was counted: commits, calls, files, …
  name     TEXT    NOT NULL,
  amount   INTEGER NOT NULL,
  PRIMARY KEY (span_ms, from_ms, name)
) STRICT, WITHOUT ROWID;
`;
