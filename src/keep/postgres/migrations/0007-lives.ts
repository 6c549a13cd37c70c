/**
 * The lives of changesets; explained in SQLite's migration 0024. Triggers say whose life is to be made anew, so that an
 * older station, which makes none, leaves none behind that is wrong.
 */
export const sql = `
CREATE TABLE changeset_lives (
  changeset_id      bigint PRIMARY KEY REFERENCES changesets(id) ON DELETE CASCADE,
  created_at_ms     bigint NOT NULL,
  merged_at_ms      bigint,
  closed_at_ms      bigint,
  lines             bigint,
  draft_ms          bigint,
  first_review_ms   bigint,
  in_review_ms      bigint,
  wait_for_merge_ms bigint,
  cycle_ms          bigint,
  rounds            bigint NOT NULL
);
CREATE INDEX changeset_lives_created ON changeset_lives (created_at_ms);
CREATE INDEX changeset_lives_merged ON changeset_lives (merged_at_ms) WHERE merged_at_ms IS NOT NULL;
CREATE INDEX changeset_lives_closed ON changeset_lives (closed_at_ms) WHERE merged_at_ms IS NULL AND closed_at_ms IS NOT NULL;

CREATE TABLE changeset_lives_due (
  changeset_id bigint PRIMARY KEY REFERENCES changesets(id) ON DELETE CASCADE
);
INSERT INTO changeset_lives_due (changeset_id) SELECT id FROM changesets WHERE created_at_ms IS NOT NULL;

CREATE FUNCTION changeset_life_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changeset_lives_due (changeset_id) VALUES (new.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER changesets_lives_changed
  AFTER UPDATE OF state, author, created_at_ms, merged_at_ms, closed_at_ms, additions, deletions ON changesets
  FOR EACH ROW WHEN ((new.state = 'draft') <> (old.state = 'draft') OR new.author IS DISTINCT FROM old.author
    OR new.created_at_ms IS DISTINCT FROM old.created_at_ms OR new.merged_at_ms IS DISTINCT FROM old.merged_at_ms
    OR new.closed_at_ms IS DISTINCT FROM old.closed_at_ms OR new.additions IS DISTINCT FROM old.additions
    OR new.deletions IS DISTINCT FROM old.deletions)
  EXECUTE FUNCTION changeset_life_due();
CREATE TRIGGER changesets_lives_begun AFTER INSERT ON changesets
  FOR EACH ROW WHEN (new.created_at_ms IS NOT NULL) EXECUTE FUNCTION changeset_life_due();

CREATE FUNCTION changeset_lives_due_by_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changeset_lives_due (changeset_id)
    SELECT DISTINCT changeset_id FROM added
     WHERE kind IN ('review', 'commit', 'force_push', 'ready_for_review', 'converted_to_draft') ORDER BY changeset_id
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER changeset_events_in_lives AFTER INSERT ON changeset_events
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION changeset_lives_due_by_events();
`;
