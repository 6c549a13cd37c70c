/** What a sync could not read of a changeset, though the rest was. */
export const sql = `
-- JSON of UnseenParts; null: all was read.
ALTER TABLE changesets ADD COLUMN unseen TEXT;
`;
