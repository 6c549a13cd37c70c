/** Queries of people know what follows a failure by its former name: it goes on as another name of the same column. */
export const sql = `
ALTER TABLE file_records ADD COLUMN error_class TEXT GENERATED ALWAYS AS (error_answer) VIRTUAL;
ALTER TABLE attempts ADD COLUMN error_class TEXT GENERATED ALWAYS AS (error_answer) VIRTUAL;
`;
