/** Whole messages of commits, where the subject is not all of them. */
export const sql = `
CREATE TABLE commit_messages (
  commit_id INTEGER PRIMARY KEY REFERENCES commits(id) ON DELETE CASCADE,
  message   TEXT    NOT NULL,
  -- JSON: pairs of key and value.
  trailers  TEXT
) STRICT;
`;
