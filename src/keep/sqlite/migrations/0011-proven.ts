/** What retention may remove is found without passing over what no proof has come for. */
export const sql = `
DROP INDEX file_records_kept;
CREATE INDEX file_records_proven ON file_records (completed_at_ms)
  WHERE current_state = 'completed' AND removed_at_ms IS NULL AND source IS NULL AND verified IN ('checksum', 'size');
`;
