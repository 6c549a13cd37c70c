/** Whether a file was put into incoming whole by a copy: an empty one has all the content that it will have. */
export const sql = `
ALTER TABLE file_records ADD COLUMN copied INTEGER NOT NULL DEFAULT 0 CHECK (copied IN (0, 1));
`;
