/**
 * Servers differ in the ways of sending that they take; what was left of the profile's own way stands in the record.
 */
export const sql = `
-- In which way it was sent that is not the profile's own, since the server does not take that ("without tags"); null:
-- nothing was left.
ALTER TABLE file_records ADD COLUMN departure TEXT;
`;
