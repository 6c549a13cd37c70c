/**
 * How many files are completed is counted as it happens: a station with a million of them behind it counted them anew
 * every few seconds, on its main thread.
 */
export const sql = `
CREATE TABLE completed_total (
  id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  files INTEGER NOT NULL
) STRICT;

INSERT INTO completed_total (id, files) SELECT 1, count(*) FROM file_records WHERE current_state = 'completed';

CREATE TRIGGER completed_total_entered AFTER INSERT ON file_records WHEN NEW.current_state = 'completed' BEGIN
  UPDATE completed_total SET files = files + 1;
END;

CREATE TRIGGER completed_total_changed AFTER UPDATE OF current_state ON file_records
WHEN (NEW.current_state = 'completed') <> (OLD.current_state = 'completed') BEGIN
  UPDATE completed_total SET files = files + iif(NEW.current_state = 'completed', 1, -1);
END;

CREATE TRIGGER completed_total_deleted AFTER DELETE ON file_records WHEN OLD.current_state = 'completed' BEGIN
  UPDATE completed_total SET files = files - 1;
END;
`;
