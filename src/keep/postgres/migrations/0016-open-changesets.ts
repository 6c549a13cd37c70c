/**
 * Open changesets, which are few, with all that is counted of them. A text is found by going through the table: what would
 * be quicker (pg_trgm) is an extension, which the role of a station may not be allowed to make.
 */
export const sql = `
CREATE INDEX changesets_open ON changesets
  (host, repository, state, created_at_ms, updated_at_ms, review_state) WHERE state IN ('open', 'draft');
`;

/*
 * Vacuum has to have seen the rows before they are counted without a look at the table; until then that takes as long as
 * it did.
 */
