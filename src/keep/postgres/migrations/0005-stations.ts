/** Who shares the store: what each station last said of itself. */
export const sql = `
CREATE TABLE stations (
  id            text     COLLATE "C" PRIMARY KEY,
  -- Which run of it: another process under the same id is another station.
  run           text     NOT NULL,
  name          text     COLLATE "C" NOT NULL,
  host          text     NOT NULL,
  version       text     NOT NULL,
  -- Of its pages.
  url           text,
  started_at_ms bigint   NOT NULL,
  -- What lies there, in figures, as JSON.
  holds         text     NOT NULL,
  -- Its last sign of life, on the clock of this server.
  beat_at_ms    bigint   NOT NULL,
  -- 1: it has stopped in order.
  has_left      smallint NOT NULL DEFAULT 0 CHECK (has_left IN (0, 1))
) WITH (fillfactor = 50);
`;
