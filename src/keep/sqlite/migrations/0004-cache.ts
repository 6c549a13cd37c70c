/** Clones in the cache of this machine, and their copies in cold storage. */
export const sql = `
CREATE TABLE clones (
  -- As in repositories.url; no foreign key, since a clone may be found on disk before its repository is known.
  url             TEXT    PRIMARY KEY,
  -- Name of its folder in the cache.
  directory       TEXT    NOT NULL,
  on_disk         INTEGER NOT NULL DEFAULT 0,
  -- What it takes on disk; when it is evicted, what it took.
  bytes           INTEGER NOT NULL DEFAULT 0,
  -- 0 while it is being worked in: bytes is then from before, and counted again after a crash.
  sized           INTEGER NOT NULL DEFAULT 1,
  -- Commits only, without trees and files.
  lean            INTEGER NOT NULL DEFAULT 1,
  last_used_at_ms INTEGER NOT NULL DEFAULT 0,
  -- Bakes that found it on disk.
  hits            INTEGER NOT NULL DEFAULT 0,
  -- By hand; what the configuration pins is not kept here.
  pinned          INTEGER NOT NULL DEFAULT 0,
  -- The verified copy in cold storage, as s3://profile/bucket/key; null when there is none.
  cold_location   TEXT,
  cold_bytes      INTEGER,
  -- CRC32 of the archive, base64 of four big-endian bytes.
  cold_crc32      TEXT,
  -- Names what is in the copy: refs, kind of clone. The same again is not sent again.
  cold_content    TEXT,
  cold_at_ms      INTEGER
) STRICT, WITHOUT ROWID;
`;
