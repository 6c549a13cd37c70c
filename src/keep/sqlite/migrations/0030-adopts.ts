/** Whether a file that was put there by a copy is not to be sent where its bucket holds it already. */
export const sql = `
ALTER TABLE file_records ADD COLUMN adopts INTEGER NOT NULL DEFAULT 0 CHECK (adopts IN (0, 1));
`;
