/** What somebody paused, and since when: it stays so until it is resumed, restarts included. */
export const sql = `
CREATE TABLE pauses (
  -- profile, bucket or host.
  kind         TEXT    NOT NULL,
  -- Of a bucket with its profile: profile/bucket.
  name         TEXT    NOT NULL,
  since_ms     INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
`;
