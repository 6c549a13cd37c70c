/** Who shares the store: what each station last said of itself. */
export const sql = `
CREATE TABLE stations (
  id            TEXT    PRIMARY KEY,
  -- Which run of it: another process under the same id is another station.
  run           TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  host          TEXT    NOT NULL,
  version       TEXT    NOT NULL,
  -- Of its pages.
  url           TEXT,
  started_at_ms INTEGER NOT NULL,
  -- What lies there, in figures, as JSON.
  holds         TEXT    NOT NULL,
  -- Its last sign of life.
  beat_at_ms    INTEGER NOT NULL,
  -- 1: it has stopped in order.
  has_left      INTEGER NOT NULL DEFAULT 0 CHECK (has_left IN (0, 1))
) STRICT;
`;
