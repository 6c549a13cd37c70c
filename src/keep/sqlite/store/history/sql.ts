/** Statements of the history writer. */
export const INSERT_COMMIT = `
  INSERT INTO commits (repository_id, hash, author_id, authored_at, authored_zone, committer_id, committed_at,
                       committed_zone, parent_count, parents, signed, subject)
  VALUES (?, unhex(?), ?, ?, ?, ?, ?, ?, ?, unhex(?), ?, ?)`;
export const FIND_HASH = 'SELECT 1 FROM commit_hashes WHERE repository_id = ? AND hash = unhex(?)';
export const INSERT_HASH =
  'INSERT INTO commit_hashes (repository_id, hash, commit_id) VALUES (?, unhex(?), ?)';
// Other repositories may have written between: their commits in this range of ids are passed over.
export const UNSETTLED = `
  FROM commits NOT INDEXED
  WHERE repository_id = ?1 AND id >= (SELECT unsettled_from FROM repositories WHERE id = ?1)`;
export const SETTLE_HASHES = `
  INSERT INTO commit_hashes (repository_id, hash, commit_id)
  SELECT ?1, hash, id ${UNSETTLED} ORDER BY hash ON CONFLICT DO NOTHING`;
export const DROP_DOUBLES = `
  DELETE ${UNSETTLED} AND id NOT IN (
    SELECT commit_id FROM commit_hashes WHERE repository_id = ?1 AND commit_hashes.hash = commits.hash)`;
export const SETTLE_COUNTS = `
  UPDATE identities SET commits = identities.commits + counted.written
  FROM (SELECT author_id, count(*) AS written ${UNSETTLED} GROUP BY author_id) AS counted
  WHERE identities.id = counted.author_id`;
export const SET_UNSETTLED = 'UPDATE repositories SET unsettled_from = ?2 WHERE id = ?1';
export const DROP_HASH = `
  DELETE FROM commit_hashes WHERE repository_id = ? AND hash = unhex(?) RETURNING commit_id AS id`;
export const DROP_COMMIT = 'DELETE FROM commits WHERE id = ? RETURNING author_id AS author';
export const INSERT_CO_AUTHOR = 'INSERT OR IGNORE INTO co_authors (commit_id, identity_id) VALUES (?, ?)';
export const INSERT_MESSAGE = 'INSERT INTO commit_messages (commit_id, message, trailers) VALUES (?, ?, ?)';
export const FIND_IDENTITY = 'SELECT id FROM identities WHERE repository_id = ? AND name = ? AND email = ?';
export const INSERT_IDENTITY = `
  INSERT INTO identities (repository_id, name, email, mapped_name, mapped_email) VALUES (?1, ?2, ?3, ?2, ?3)`;
export const COUNT_COMMITS = 'UPDATE identities SET commits = commits + ? WHERE id = ?';
export const ADVANCE = 'UPDATE repositories SET pending_processed = pending_processed + ? WHERE id = ?';
export const MAP_IDENTITY = `
  UPDATE identities SET mapped_name = ?, mapped_email = ?, mailmap_hash = ?
  WHERE repository_id = ? AND name = ? AND email = ?`;
export const KEEP_MAILMAP = `
  INSERT INTO mailmaps (repository_id, content) VALUES (?, ?)
  ON CONFLICT DO UPDATE SET content = excluded.content WHERE content <> excluded.content`;
export const SET_MAILMAP = 'UPDATE repositories SET mailmap_hash = ? WHERE id = ?';
export const SET_BAKED_AT = 'UPDATE repositories SET last_baked_at_ms = ? WHERE id = ?';
export const HASHES = `
  SELECT lower(hex(hash)) AS hash FROM commit_hashes
  WHERE repository_id = ? AND hash > unhex(?) ORDER BY hash LIMIT ?`;
export const PENDING_TO_CURSOR = `
  INSERT INTO refs (repository_id, name, tip)
  SELECT repository_id, name, tip FROM pending_refs WHERE repository_id = ?`;
export const UNMAPPED = 'SELECT name, email FROM identities WHERE repository_id = ? AND mailmap_hash <> ?';
export const INSERT_PENDING = 'INSERT INTO pending_refs (repository_id, name, tip) VALUES (?, ?, unhex(?))';
