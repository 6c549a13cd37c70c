/** Who is not one person, as somebody said of a suggestion; both are written `name <e-mail>` in small letters. */
export const sql = `
CREATE TABLE refused_merges (
  -- The lesser of the two.
  one    TEXT NOT NULL,
  other  TEXT NOT NULL CHECK (one < other),
  PRIMARY KEY (one, other)
) STRICT, WITHOUT ROWID;
`;
