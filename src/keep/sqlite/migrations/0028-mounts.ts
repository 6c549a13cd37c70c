/** What was mounted within folders whose files are delivered: where it is not any more, their files wait for it. */
export const sql = `
CREATE TABLE mounts (
  path TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
`;
