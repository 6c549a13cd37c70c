/** The lives of changesets: figures of each, made of its row and its events whenever one of them changes. */
export const sql = `
CREATE TABLE changeset_lives (
  changeset_id      INTEGER PRIMARY KEY REFERENCES changesets(id) ON DELETE CASCADE,
  -- As in changesets, so that figures over many need nothing else. Host's clock.
  created_at_ms     INTEGER NOT NULL,
  merged_at_ms      INTEGER,
  closed_at_ms      INTEGER,
  lines             INTEGER,
  -- Durations in milliseconds, less time as a draft; null: it has not come to that, or is not over.
  draft_ms          INTEGER,
  first_review_ms   INTEGER,
  in_review_ms      INTEGER,
  wait_for_merge_ms INTEGER,
  cycle_ms          INTEGER,
  rounds            INTEGER NOT NULL
) STRICT;
CREATE INDEX changeset_lives_created ON changeset_lives (created_at_ms);
CREATE INDEX changeset_lives_merged ON changeset_lives (merged_at_ms) WHERE merged_at_ms IS NOT NULL;
CREATE INDEX changeset_lives_closed ON changeset_lives (closed_at_ms) WHERE merged_at_ms IS NULL AND closed_at_ms IS NOT NULL;

-- Those whose life is to be made anew.
CREATE TABLE changeset_lives_due (
  changeset_id INTEGER PRIMARY KEY REFERENCES changesets(id) ON DELETE CASCADE
) STRICT;
INSERT INTO changeset_lives_due (changeset_id) SELECT id FROM changesets WHERE created_at_ms IS NOT NULL;

CREATE TRIGGER changesets_lives_changed
  AFTER UPDATE OF state, author, created_at_ms, merged_at_ms, closed_at_ms, additions, deletions ON changesets
  WHEN (new.state = 'draft') <> (old.state = 'draft') OR new.author IS NOT old.author
    OR new.created_at_ms IS NOT old.created_at_ms OR new.merged_at_ms IS NOT old.merged_at_ms
    OR new.closed_at_ms IS NOT old.closed_at_ms OR new.additions IS NOT old.additions OR new.deletions IS NOT old.deletions
BEGIN
  INSERT INTO changeset_lives_due (changeset_id) VALUES (new.id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER changesets_lives_begun AFTER INSERT ON changesets WHEN new.created_at_ms IS NOT NULL BEGIN
  INSERT INTO changeset_lives_due (changeset_id) VALUES (new.id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER changeset_events_in_lives AFTER INSERT ON changeset_events
  WHEN new.kind IN ('review', 'commit', 'force_push', 'ready_for_review', 'converted_to_draft')
BEGIN
  INSERT INTO changeset_lives_due (changeset_id) VALUES (new.changeset_id) ON CONFLICT DO NOTHING;
END;
`;
