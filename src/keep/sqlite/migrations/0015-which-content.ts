/** What tells one content from another, and a file that was renamed while it waited. */
export const sql = `
-- When the file's inode last changed; null for files that were entered before this was kept.
ALTER TABLE file_records ADD COLUMN ctime_ms REAL;
CREATE INDEX file_records_by_inode ON file_records (inode)
  WHERE current_state = 'incoming' OR error_code = 'source_missing';
`;
