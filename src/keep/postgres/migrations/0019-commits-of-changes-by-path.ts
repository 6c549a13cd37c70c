/**
 * The commit of a change, in the index by path: questions about some files are answered from the index alone, where
 * otherwise the changes are looked up all over the table. What nobody asks for in order is only carried along.
 */
export const sql = `
DROP INDEX file_changes_by_path;
CREATE INDEX file_changes_by_path ON file_changes (path_id, day) INCLUDE (author_id, commit_id, added, removed);
`;
