/**
 * Each repository's own mailmap as of its last bake: beside one of the station's that changes it is applied anew, without
 * a look at a clone, which need not be here. None is known of those baked before.
 */
export const sql = `
CREATE TABLE mailmaps (
  repository_id INTEGER PRIMARY KEY REFERENCES repositories(id) ON DELETE CASCADE,
  -- The bytes of .mailmap at HEAD; empty where there is none.
  content       BLOB    NOT NULL
) STRICT;

-- Without a mailmap nothing is to be asked. Where there is one, the next bake says what it is.
INSERT INTO mailmaps (repository_id, content) SELECT id, x'' FROM repositories WHERE mailmap_hash = '';

-- A forgotten repository's mailmap goes by the reference; who is who under the station's is looked for by this.
CREATE INDEX repositories_by_mailmap ON repositories (mailmap_hash);
`;
