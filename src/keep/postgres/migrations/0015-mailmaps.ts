/**
 * Each repository's own mailmap as of its last bake: beside one of the station's that changes it is applied anew, without
 * a look at a clone, which need not be here. None is known of those baked before.
 */
export const sql = `
CREATE TABLE mailmaps (
  repository_id bigint PRIMARY KEY REFERENCES repositories(id) ON DELETE CASCADE,
  -- The bytes of .mailmap at HEAD; empty where there is none.
  content       bytea  NOT NULL
);
INSERT INTO mailmaps (repository_id, content) SELECT id, '' FROM repositories WHERE mailmap_hash = '';
CREATE INDEX repositories_by_mailmap ON repositories (mailmap_hash);
`;
