/** Lists of a hundred thousand rows, looked at from any place on: what they are ordered and chosen by, in indexes alone. */
export const sql = `
CREATE INDEX changesets_by_change ON changesets (coalesce(updated_at_ms, 0));
CREATE INDEX changesets_by_opening ON changesets (coalesce(created_at_ms, 0));
CREATE INDEX changesets_by_state
  ON changesets (state, coalesce(updated_at_ms, 0), coalesce(created_at_ms, 0), review_state, followed);
CREATE INDEX changesets_failing ON changesets (coalesce(updated_at_ms, 0)) WHERE last_error IS NOT NULL;
CREATE INDEX repositories_by_change ON repositories (coalesce(last_commit_at, 0) DESC, url, tracked, state);
CREATE INDEX repositories_by_commits ON repositories (commits DESC, url, tracked, state);
CREATE INDEX repositories_by_choice ON repositories (url, tracked, state);
`;
