/**
 * When somebody dropped a failed file: it is no longer listed or counted. Files that vanished undelivered can be dropped
 * as well; until now a failed file that is gone for another reason was one that had been dropped.
 */
export const sql = `
ALTER TABLE file_records ADD COLUMN dropped_at_ms INTEGER;
UPDATE file_records SET dropped_at_ms = removed_at_ms
  WHERE current_state = 'failed' AND removed_at_ms IS NOT NULL
    AND coalesce(error_code, '') NOT IN ('source_missing', 'capture_lost');
CREATE INDEX file_records_dropped ON file_records (dropped_at_ms) WHERE dropped_at_ms IS NOT NULL;
`;
