/**
 * What was sent and acknowledged is a state of its own, and what failed for the key's sake says which key that was.
 */
export const sql = `
-- When the object store acknowledged the object; null: not sent, or ended. Until the end only its proof or the local
-- move is outstanding, and nothing is sent again while the file is the same.
ALTER TABLE file_records ADD COLUMN sent_at_ms INTEGER;
-- A mark of the credentials with which it was refused; tells nothing of them.
ALTER TABLE file_records ADD COLUMN key_mark TEXT;
CREATE INDEX file_records_sent ON file_records (sent_at_ms) WHERE sent_at_ms IS NOT NULL;
CREATE INDEX file_records_unproven ON file_records (completed_at_ms)
  WHERE current_state = 'completed' AND removed_at_ms IS NULL AND source IS NULL AND verified = 'none';
`;
