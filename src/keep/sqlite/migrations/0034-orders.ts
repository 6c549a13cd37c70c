/**
 * Records by size and by latest change: lists go by either, from any place on. The state is in both, so that a list of
 * one state looks at no record that it does not show.
 */
export const sql = `
CREATE INDEX file_records_by_size ON file_records (size_bytes, current_state);
CREATE INDEX file_records_by_change ON file_records (last_updated, current_state);
`;
