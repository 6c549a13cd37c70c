/**
 * What each collector has captured is counted as it happens: to add up its files for every look at a page took most of a
 * second at 200 000 of them. A file counts as delivered from the first record of it that is completed.
 */
export const sql = `
CREATE TABLE capture_totals (
  collector     TEXT    NOT NULL PRIMARY KEY,
  files         INTEGER NOT NULL,
  readings      INTEGER NOT NULL,
  bytes         INTEGER NOT NULL,
  delivered     INTEGER NOT NULL,
  lost          INTEGER NOT NULL,
  lost_readings INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- 1 once its object was in its bucket.
ALTER TABLE capture_files ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;
UPDATE capture_files SET delivered = 1
  WHERE id IN (SELECT id FROM capture_lineage WHERE delivered_at_ms IS NOT NULL);

INSERT INTO capture_totals (collector, files, readings, bytes, delivered, lost, lost_readings)
  SELECT collector, count(*), sum(readings), sum(size_bytes), sum(delivered), count(lost_at_ms),
         coalesce(sum(CASE WHEN lost_at_ms IS NULL THEN 0 ELSE readings END), 0)
  FROM capture_files GROUP BY collector;

CREATE TRIGGER capture_files_entered AFTER INSERT ON capture_files BEGIN
  INSERT INTO capture_totals (collector, files, readings, bytes, delivered, lost, lost_readings)
    VALUES (NEW.collector, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING;
  UPDATE capture_totals SET files = files + 1, readings = readings + NEW.readings, bytes = bytes + NEW.size_bytes,
      delivered = delivered + NEW.delivered, lost = lost + (NEW.lost_at_ms IS NOT NULL),
      lost_readings = lost_readings + iif(NEW.lost_at_ms IS NULL, 0, NEW.readings)
    WHERE collector = NEW.collector;
  -- Its row may come after its delivery, when a crash came between.
  UPDATE capture_files SET delivered = 1 WHERE id = NEW.id AND EXISTS (
    SELECT 1 FROM file_records WHERE filepath = NEW.filepath AND bucket = NEW.bucket AND profile = NEW.profile
      AND completed_at_ms IS NOT NULL);
END;

CREATE TRIGGER capture_files_changed
AFTER UPDATE OF readings, size_bytes, delivered, lost_at_ms ON capture_files BEGIN
  UPDATE capture_totals SET readings = readings + NEW.readings - OLD.readings,
      bytes = bytes + NEW.size_bytes - OLD.size_bytes, delivered = delivered + NEW.delivered - OLD.delivered,
      lost = lost + (NEW.lost_at_ms IS NOT NULL) - (OLD.lost_at_ms IS NOT NULL),
      lost_readings = lost_readings + iif(NEW.lost_at_ms IS NULL, 0, NEW.readings)
        - iif(OLD.lost_at_ms IS NULL, 0, OLD.readings)
    WHERE collector = NEW.collector;
END;

CREATE TRIGGER capture_files_delivered AFTER UPDATE OF completed_at_ms ON file_records
WHEN NEW.completed_at_ms IS NOT NULL AND OLD.completed_at_ms IS NULL BEGIN
  UPDATE capture_files SET delivered = 1
    WHERE profile = NEW.profile AND bucket = NEW.bucket AND filepath = NEW.filepath AND delivered = 0;
END;

CREATE TRIGGER capture_files_delivered_at_once AFTER INSERT ON file_records WHEN NEW.completed_at_ms IS NOT NULL BEGIN
  UPDATE capture_files SET delivered = 1
    WHERE profile = NEW.profile AND bucket = NEW.bucket AND filepath = NEW.filepath AND delivered = 0;
END;
`;
