/**
 * Churn, people, and the daily roll-ups that insights are answered from. What hangs on a commit goes with
 * it by a trigger instead of a foreign key, since checking one would cost a third of an insert.
 */

/** The hour of the week in the author's own time, Monday 00–01 being 0. */
const HOUR_OF_WEEK = '((authored_at + authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600';
const PERSON_OF_NEW = `coalesce(
    (SELECT person_id FROM person_emails WHERE email = new.mapped_email),
    (SELECT id FROM people WHERE name = new.mapped_name AND email = new.mapped_email))`;
/** Commits that wait to be settled are rolled up when they are. */
const SETTLED = `FROM commits JOIN repositories ON repositories.id = repository_id
 WHERE commits.id < coalesce(unsettled_from, 9223372036854775807)`;

export const sql = `
-- The highest commit id up to which the churn of every commit is known, or the commit is not there to be read.
ALTER TABLE repositories ADD COLUMN churned_to INTEGER NOT NULL DEFAULT 0;

-- What one commit changed, as git log --numstat counts it: merges nothing, binary files a file without lines.
CREATE TABLE commit_churn (
  commit_id INTEGER PRIMARY KEY,
  files     INTEGER NOT NULL,
  added     INTEGER NOT NULL,
  removed   INTEGER NOT NULL
) STRICT;

CREATE TABLE paths (
  id            INTEGER PRIMARY KEY,
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  path          TEXT    NOT NULL,
  -- How many commits changed it.
  changes       INTEGER NOT NULL DEFAULT 0,
  UNIQUE (repository_id, path)
) STRICT;
CREATE INDEX paths_by_changes ON paths (repository_id, changes);

-- day (of the commit date, days since the epoch) and author_id repeat what the commit says, so that a file's
-- changes are one range of the index.
CREATE TABLE file_changes (
  commit_id INTEGER NOT NULL,
  path_id   INTEGER NOT NULL,
  day       INTEGER NOT NULL,
  author_id INTEGER NOT NULL,
  added     INTEGER,
  removed   INTEGER,
  PRIMARY KEY (commit_id, path_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_changes_by_path ON file_changes (path_id, day, author_id, added, removed);

-- Roll-ups, moved in the same transactions as the commits and their churn.
CREATE TABLE author_days (
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  author_id     INTEGER NOT NULL,
  day           INTEGER NOT NULL,
  commits       INTEGER NOT NULL,
  merges        INTEGER NOT NULL,
  files         INTEGER NOT NULL DEFAULT 0,
  added         INTEGER NOT NULL DEFAULT 0,
  removed       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (repository_id, author_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE repository_days (
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  day           INTEGER NOT NULL,
  commits       INTEGER NOT NULL,
  merges        INTEGER NOT NULL,
  files         INTEGER NOT NULL DEFAULT 0,
  added         INTEGER NOT NULL DEFAULT 0,
  removed       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (repository_id, day)
) STRICT, WITHOUT ROWID;

-- By 28 days of the commit date (four_weeks = day / 28: by day there would be nearly as many rows as commits). The
-- hour of the week is the author's own: Monday 00–01 is 0, Sunday 23–24 is 167.
CREATE TABLE repository_hours (
  repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
  four_weeks    INTEGER NOT NULL,
  hour_of_week  INTEGER NOT NULL,
  commits       INTEGER NOT NULL,
  PRIMARY KEY (repository_id, four_weeks, hour_of_week)
) STRICT, WITHOUT ROWID;

-- Text with % and _ as in SQL's LIKE: whose name or e-mail is like one is taken for a program.
CREATE TABLE bot_patterns (
  pattern TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO bot_patterns (pattern) VALUES
  ('%[bot]%'), ('bot'), ('% bot'), ('%-bot'), ('%-bot@%'), ('bot@%'), ('bors'), ('bors@%'), ('%dependabot%'),
  ('%renovate%'), ('github-actions%'), ('%greenkeeper%'), ('%semantic-release%'), ('%weblate%'), ('%snyk%'),
  ('gitlab-bot%'), ('k8s-ci-robot%'), ('%jenkins%'), ('travis%ci%'), ('pre-commit-ci%'), ('imgbot%'),
  ('allcontributors%'), ('copybara%'), ('pyup%');

-- Whoever a mailmapped name and e-mail stands for. A person that was merged into another keeps the row.
CREATE TABLE people (
  id    INTEGER PRIMARY KEY,
  name  TEXT    NOT NULL,
  email TEXT    NOT NULL,
  -- 1 for a program, by bot_patterns or as somebody said.
  bot   INTEGER NOT NULL DEFAULT 0,
  -- 1 where somebody said so: then patterns are not asked.
  bot_by_hand INTEGER NOT NULL DEFAULT 0,
  UNIQUE (name, email)
) STRICT;
CREATE INDEX people_bots ON people (id) WHERE bot = 1;
CREATE TRIGGER people_added AFTER INSERT ON people BEGIN
  UPDATE people SET bot = EXISTS (SELECT 1 FROM bot_patterns WHERE new.name LIKE pattern OR new.email LIKE pattern)
  WHERE id = new.id;
END;

-- Merged by hand: every identity with this mailmapped e-mail is that person.
CREATE TABLE person_emails (
  email     TEXT    PRIMARY KEY COLLATE NOCASE,
  person_id INTEGER NOT NULL REFERENCES people(id)
) STRICT, WITHOUT ROWID;

ALTER TABLE identities ADD COLUMN person_id INTEGER;
CREATE INDEX identities_by_person ON identities (person_id);
INSERT INTO people (name, email) SELECT DISTINCT mapped_name, mapped_email FROM identities;
UPDATE identities SET person_id =
  (SELECT id FROM people WHERE name = identities.mapped_name AND email = identities.mapped_email);
CREATE TRIGGER identities_added AFTER INSERT ON identities BEGIN
  INSERT INTO people (name, email) VALUES (new.mapped_name, new.mapped_email) ON CONFLICT DO NOTHING;
  UPDATE identities SET person_id = ${PERSON_OF_NEW} WHERE id = new.id;
END;
CREATE TRIGGER identities_mapped AFTER UPDATE OF mapped_name, mapped_email ON identities
WHEN old.mapped_name <> new.mapped_name OR old.mapped_email <> new.mapped_email BEGIN
  INSERT INTO people (name, email) VALUES (new.mapped_name, new.mapped_email) ON CONFLICT DO NOTHING;
  UPDATE identities SET person_id = ${PERSON_OF_NEW} WHERE id = new.id;
END;

INSERT INTO author_days (repository_id, author_id, day, commits, merges)
SELECT repository_id, author_id, committed_at / 86400 AS day, count(*), sum(parent_count > 1)
${SETTLED} GROUP BY repository_id, author_id, day;
INSERT INTO repository_days (repository_id, day, commits, merges)
SELECT repository_id, day, sum(commits), sum(merges) FROM author_days GROUP BY repository_id, day;
INSERT INTO repository_hours (repository_id, four_weeks, hour_of_week, commits)
SELECT repository_id, committed_at / 2419200 AS four_weeks, ${HOUR_OF_WEEK} AS hour, count(*)
${SETTLED} GROUP BY repository_id, four_weeks, hour;

CREATE TRIGGER commits_removed AFTER DELETE ON commits BEGIN
  UPDATE repositories SET churned_to = old.id - 1 WHERE id = old.repository_id AND churned_to >= old.id;
  UPDATE paths SET changes = changes - 1 WHERE id IN (SELECT path_id FROM file_changes WHERE commit_id = old.id);
  DELETE FROM file_changes WHERE commit_id = old.id;
  UPDATE author_days SET commits = author_days.commits - 1, merges = merges - (old.parent_count > 1),
    files = author_days.files - coalesce(churn.files, 0), added = author_days.added - coalesce(churn.added, 0),
    removed = author_days.removed - coalesce(churn.removed, 0)
  FROM (SELECT 1) LEFT JOIN commit_churn AS churn ON churn.commit_id = old.id
  WHERE repository_id = old.repository_id AND author_id = old.author_id AND day = old.committed_at / 86400;
  UPDATE repository_days SET commits = repository_days.commits - 1, merges = merges - (old.parent_count > 1),
    files = repository_days.files - coalesce(churn.files, 0), added = repository_days.added - coalesce(churn.added, 0),
    removed = repository_days.removed - coalesce(churn.removed, 0)
  FROM (SELECT 1) LEFT JOIN commit_churn AS churn ON churn.commit_id = old.id
  WHERE repository_id = old.repository_id AND day = old.committed_at / 86400;
  UPDATE repository_hours SET commits = commits - 1
  WHERE repository_id = old.repository_id AND four_weeks = old.committed_at / 2419200
    AND hour_of_week = ((old.authored_at + old.authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600;
  DELETE FROM commit_churn WHERE commit_id = old.id;
  DELETE FROM author_days WHERE repository_id = old.repository_id AND author_id = old.author_id
    AND day = old.committed_at / 86400 AND commits = 0;
  DELETE FROM repository_days WHERE repository_id = old.repository_id AND day = old.committed_at / 86400 AND commits = 0;
  DELETE FROM repository_hours
  WHERE repository_id = old.repository_id AND four_weeks = old.committed_at / 2419200 AND commits = 0;
END;
`;
