/** What follows a failure is called its answer, in the words of the error catalogue. */
export const sql = `
ALTER TABLE file_records RENAME COLUMN error_class TO error_answer;
ALTER TABLE attempts RENAME COLUMN error_class TO error_answer;
UPDATE file_records SET error_answer = 'give-up' WHERE error_answer = 'permanent';
UPDATE file_records SET error_answer = 'retry' WHERE error_answer = 'transient';
UPDATE attempts SET error_answer = 'give-up' WHERE error_answer = 'permanent';
UPDATE attempts SET error_answer = 'retry' WHERE error_answer = 'transient';
`;
