/** Targets that fail are found without looking at those that do not, which pay nothing for it. */
export const sql = `
CREATE INDEX targets_failing ON targets (kind, work_group) WHERE failures > 0;
`;
