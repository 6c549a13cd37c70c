/** Slots for calls to hosts, which all stations share: see keep/store/shared-calls.ts. */
export const sql = `
CREATE TABLE call_slots (
  host     text     COLLATE "C" NOT NULL,
  number   integer  NOT NULL,
  -- Whose it is, until when on the clock of this server.
  token    text     NOT NULL,
  until_ms bigint   NOT NULL,
  PRIMARY KEY (host, number)
) WITH (fillfactor = 50);
`;
