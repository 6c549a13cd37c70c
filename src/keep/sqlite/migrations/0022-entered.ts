/** When a file came into view: how long it has been waiting since. Of those from before, when their record last changed. */
export const sql = `
ALTER TABLE file_records ADD COLUMN entered_at_ms INTEGER;
UPDATE file_records SET entered_at_ms = unixepoch(last_updated) * 1000
  WHERE current_state IN ('incoming', 'processing');
`;
