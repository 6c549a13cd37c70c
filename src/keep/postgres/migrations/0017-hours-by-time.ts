/**
 * The hour at which a commit was made, in the index by time: what programs did is taken off the punch card from the index
 * alone, where otherwise all commits are read, whoever made them.
 */
export const sql = `
DROP INDEX commits_by_time;
CREATE INDEX commits_by_time ON commits (repository_id, committed_at, author_id) INCLUDE (authored_at, authored_zone);
`;
