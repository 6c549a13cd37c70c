/** Failures are found by their cause. What never failed is not in the index and pays nothing for it. */
export const sql = `
CREATE INDEX file_records_by_cause ON file_records (error_code, id) WHERE error_code IS NOT NULL;
`;
