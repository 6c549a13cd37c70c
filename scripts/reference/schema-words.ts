/** What the public tables hold, column by column. A table that is not here is internal and may change at any time. */
export interface TableWords {
  readonly about: string;
  readonly columns: Readonly<Record<string, string>>;
}

const REPOSITORY = 'The repository: `repositories.id`.';
const ROLLED_UP = {
  commits: 'Commits.',
  merges: 'Those of them with two parents or more.',
  files:
    'Changes of files; a file that two commits change counts twice. Of commits whose churn has been read.',
  added: 'Lines added, likewise.',
  removed: 'Lines removed, likewise.',
};
const DAY = "Day of the commit date in UTC, days since 1970-01-01: `date(day * 86400, 'unixepoch')`.";

export const TABLES: Readonly<Record<string, TableWords>> = {
  repositories: {
    about: 'One row a repository, however its URL was written.',
    columns: {
      id: 'Its number here.',
      url: 'Normalised URL, or absolute path.',
      host: 'Host that limits count by; `local` for paths.',
      tracked: '1 while it is kept fresh on the schedule.',
      state:
        'What it is like at its remote: `new`, `ok`, `failing`, `unreachable`, `gone`, `private` or `moved`.',
      head_ref: 'Ref that the remote’s HEAD points to, such as `refs/heads/main`.',
      object_format: '`sha1` or `sha256`.',
      shallow: '1 where the remote itself has only part of the history.',
      commits: 'Total as of the last bake.',
      authors: 'Distinct mailmapped authors as of the last bake.',
      first_commit_at:
        'Earliest commit date that can be (not the first day of 1970, not after tomorrow), seconds since the epoch.',
      last_commit_at: 'Latest commit date.',
      last_baked_at_ms: 'When the last bake ended, milliseconds since the epoch.',
      last_error: 'What went wrong last; null after a success.',
      mailmap_hash:
        'SHA-256 of its mailmap in force, then `+` and that of the station’s where there is one; empty without any.',
      pending_processed: 'Internal: commits stored of a walk that is not finished.',
      unsettled_from:
        'Internal: from this commit id on, indexes and roll-ups are not filled yet (first bakes only).',
      churned_to: 'Internal: churn is known for commits up to this id.',
      look_spelling: 'Internal: the spelling of the address that answered the last look.',
      look_other_refs: 'Internal: refs at the remote that are neither branch nor tag, as of the last look.',
      moved_to: 'Where its address redirects to; null where it does not.',
      moved_seen_at_ms: 'When that was last seen.',
      last_news_at_ms: 'When a bake last found new commits.',
    },
  },
  refs: {
    about: 'Branches and tags whose history is completely in `commits`.',
    columns: { repository_id: REPOSITORY, name: 'Full name.', tip: 'Object id, as bytes: `hex(tip)`.' },
  },
  commits: {
    about: 'One row a commit that a ref reaches. A commit in two repositories has two rows.',
    columns: {
      id: 'Its number here.',
      repository_id: REPOSITORY,
      hash: 'Object id, as bytes: `lower(hex(hash))`.',
      author_id: 'Who wrote it: `identities.id`.',
      authored_at:
        'Author date, seconds since the epoch; 0 for none, the last second of 9999 for anything later.',
      authored_zone: 'Zone of the author date, minutes east of UTC.',
      committer_id: 'Who committed it: `identities.id`.',
      committed_at: 'Commit date, seconds since the epoch, likewise.',
      committed_zone: 'Zone of the commit date.',
      parent_count: 'Parents; more than 1 is a merge, 0 a root.',
      parents: 'Their object ids one after the other, each as long as `hash`.',
      signed: '1 with a signature, which is not verified.',
      subject: 'First paragraph of the message on one line, at most 1 000 characters.',
    },
  },
  commit_hashes: {
    about: 'Finds a commit by its hash: `WHERE repository_id = ? AND hash = unhex(?)`.',
    columns: { repository_id: REPOSITORY, hash: 'Object id, as bytes.', commit_id: '`commits.id`.' },
  },
  commit_messages: {
    about:
      'Whole messages of commits whose subject is not all of them; of commits read before there was this table, none.',
    columns: {
      commit_id: '`commits.id`.',
      message: 'Without blank lines around it, at most 65 536 characters.',
      trailers: 'JSON: pairs of key and value of its trailers, such as `Signed-off-by`; null without any.',
    },
  },
  co_authors: {
    about: 'People named in `Co-authored-by` trailers.',
    columns: { commit_id: '`commits.id`.', identity_id: '`identities.id`.' },
  },
  identities: {
    about: 'Names and e-mails as a repository’s commits carry them, and who they are.',
    columns: {
      id: 'Its number here.',
      repository_id: REPOSITORY,
      name: 'As written in commits.',
      email: 'As written in commits.',
      mapped_name: 'As the repository’s mailmap has it.',
      mapped_email: 'As the repository’s mailmap has it.',
      mailmap_hash: 'Internal: the mailmap that was applied.',
      commits: 'Commits that it is the author of.',
      person_id: 'Who it is, over all repositories: `people.id`.',
    },
  },
  people: {
    about:
      'Persons over all repositories: a mailmapped name and e-mail each, until e-mails are merged by hand.',
    columns: {
      id: 'Its number here.',
      name: 'Name.',
      email: 'E-mail.',
      bot: '1 for a program.',
      bot_by_hand: '1 where somebody said so, instead of `bot_patterns`.',
    },
  },
  person_emails: {
    about: 'E-mails merged by hand: every identity with that mailmapped e-mail is that person.',
    columns: { email: 'E-mail, compared without regard to case.', person_id: '`people.id`.' },
  },
  bot_patterns: {
    about: 'Who is taken for a program.',
    columns: { pattern: 'Compared with name and e-mail by `LIKE`.' },
  },
  commit_churn: {
    about:
      'What a commit changed, as `git log --numstat` counts it; merges change nothing. No row: not read yet, or not wanted.',
    columns: {
      commit_id: '`commits.id`.',
      files: 'Files touched.',
      added: 'Lines added in files that are not binary.',
      removed: 'Lines removed.',
    },
  },
  paths: {
    about: 'Paths of a repository’s files, past and present.',
    columns: {
      id: 'Its number here.',
      repository_id: REPOSITORY,
      path: 'The path; in git’s quoted form where it is not UTF-8 or begins with `"`.',
      changes: 'Commits that changed it.',
    },
  },
  file_changes: {
    about: 'What a commit did to a file; a renamed one stands under its new path.',
    columns: {
      commit_id: '`commits.id`.',
      path_id: '`paths.id`.',
      day: `${DAY} Repeated here for speed.`,
      author_id: '`identities.id`. Repeated here for speed.',
      added: 'Lines added; null for a binary file or one larger than `insights.largestFile`.',
      removed: 'Lines removed, likewise.',
    },
  },
  author_days: {
    about: 'Sums by author and day, moved in the same transactions as the commits.',
    columns: { repository_id: REPOSITORY, author_id: '`identities.id`.', day: DAY, ...ROLLED_UP },
  },
  repository_days: {
    about: 'Sums by day.',
    columns: { repository_id: REPOSITORY, day: DAY, ...ROLLED_UP },
  },
  repository_hours: {
    about: 'Commits by hour of the week in the author’s own time.',
    columns: {
      repository_id: REPOSITORY,
      four_weeks: 'Which 28 days by commit date: `day / 28`.',
      hour_of_week: 'Monday 0 to 1 o’clock is 0, Sunday 23 to 24 is 167.',
      commits: 'Commits.',
    },
  },
  runs: {
    about: 'Bakes, from request to end.',
    columns: {
      id: 'Its number here.',
      repository_id: REPOSITORY,
      state: '`waiting`, `running`, `done`, `failed` or `cancelled`.',
      reason: 'Why it was asked for, in words.',
      requested_at_ms: 'Milliseconds since the epoch.',
      started_at_ms: 'Null until it starts.',
      finished_at_ms: 'Null until it ends.',
      summary: 'JSON, as `sluice bake --json` prints it.',
      error: 'JSON with `code`, `message` and `hint`.',
    },
  },
  clones: {
    about: 'Clones in the cache of this machine, and their copies in cold storage.',
    columns: {
      url: 'As in `repositories.url`.',
      directory: 'Name of its folder in the cache.',
      on_disk: '1 while it is there.',
      bytes: 'Disk space that it takes, or took when it was last there.',
      sized: 'Internal: 0 while it is worked in.',
      lean: '1 for commits only, 0 with trees and files.',
      last_used_at_ms: 'When it was last baked; 0 for never.',
      hits: 'Bakes that found it on disk.',
      pinned: '1 while pinned by hand; what the configuration pins is not here.',
      cold_location: 'Its copy in cold storage, `s3://profile/bucket/key`; null without one.',
      cold_bytes: 'Size of the copy.',
      cold_crc32: 'CRC32 of the copy, base64.',
      cold_content: 'Internal: names what is in the copy.',
      cold_at_ms: 'When it was sent.',
    },
  },
  tracking: {
    about: 'Who wants a repository kept fresh.',
    columns: {
      repository_id: REPOSITORY,
      origin: '`config`, `cli`, `api`, or `owner:HOST/NAME`.',
      since_ms: 'Since when.',
    },
  },
  changesets: {
    about: 'One row a pull or merge request that is or was followed.',
    columns: {
      id: 'Its number here.',
      host: 'Code host.',
      repository: 'Its repository at that host, in the host’s spelling.',
      number: 'Its number there.',
      target_key: 'Internal: its key on the schedule.',
      url: 'Its page.',
      host_id: 'The host’s own id, the same after a rename.',
      followed: '1 while it is kept fresh.',
      followed_by: '`hand`, or the entry of the configuration that brought it.',
      state: '`new` (never synced), `open`, `draft`, `merged`, `closed` or `deleted`.',
      title: 'Title.',
      author: 'Login of its author; null for a deleted account.',
      author_is_bot: '1 where the host says so.',
      head_branch: 'Branch that it brings.',
      head_commit: 'Commit that it would bring now, hexadecimal.',
      head_repository: 'Repository of that branch.',
      base_branch: 'Branch that it goes to.',
      base_commit: 'Commit of that branch.',
      created_at_ms: 'When it was opened; this and the next three by the host’s clock.',
      updated_at_ms: 'When the host last counted a change.',
      merged_at_ms: 'When it was merged.',
      closed_at_ms: 'When it was merged or closed.',
      additions: 'Lines added; null where the host does not tell.',
      deletions: 'Lines removed, likewise.',
      changed_files: 'Files changed.',
      labels: 'JSON array of names.',
      review_state: '`none`, `pending`, `approved`, `changes_requested` and the like.',
      check_state: 'What its checks say together; null where not known.',
      mergeable: '1 or 0; null while the host does not know.',
      first_seen_at_ms: 'When it was first known here; this and all below by this machine’s clock.',
      last_sync_at_ms: 'Last sync that succeeded.',
      last_change_at_ms: 'When it last changed, as of that sync.',
      latest_event_at_ms: 'Latest change that a webhook, a listing or an event told of.',
      vanished_at_ms: 'When it was found to be gone.',
      load: 'Internal: how often it is synced.',
      last_error: 'Last failure as JSON; null after a success.',
      last_failure_at_ms: 'When a sync last failed, on this machine’s clock; null after a success.',
      unseen:
        'What the last sync could not read of it, and up to when its events are known, as JSON; null: all was read.',
    },
  },
  changeset_events: {
    about: 'What happened to changesets, each once; in order by `at_ms, place, host_id`.',
    columns: {
      id: 'Its number here.',
      changeset_id: 'The changeset: `changesets.id`.',
      host_id: 'The host’s id, with a prefix for its kind.',
      kind: '`commit`, `review`, `comment`, `check`, and changes of state.',
      host_kind: 'As the host calls it.',
      at_ms: 'When, by the host’s clock.',
      place: 'Order among events of one time.',
      actor: 'Login of who did it.',
      actor_is_bot: '1 where the host says so.',
      review: 'What a review said.',
      commit_hash: 'Of a commit, hexadecimal.',
      check_name: 'Of a check.',
      check_state: 'Of a check.',
      subject: 'First line, label or the like.',
    },
  },
  capture_files: {
    about: 'One row a finished file of readings. The view `capture_lineage` adds its record and its object.',
    columns: {
      id: 'Its number here.',
      collector: 'Name of the collector.',
      method: '`exec`, `http`, `file`, `query` or `mqtt`.',
      profile: 'This and the next two are those of its row in `file_records`.',
      bucket: 'Bucket that it goes to.',
      filepath: 'Path below profile and bucket.',
      readings: 'Readings in it.',
      size_bytes: 'Its size.',
      first_at: 'When the first reading was asked for, ISO 8601.',
      last_at: 'When the last one was there, ISO 8601.',
      interval_ms: 'Interval of the collector; null where messages were taken as they came.',
      tags: 'JSON array.',
      station: 'Name of the station.',
      reason: 'Why it was complete: `size`, `age`, `sync`, `stop`, `binary` or `recovered`.',
      completed_at_ms: 'When it was complete.',
      lost_at_ms: 'When it was deleted unsent because the disk was full; null otherwise.',
      delivered: '1 from the moment its object was in its bucket; 0 before.',
    },
  },
  disk_freed: {
    about: 'What gave way when the disk ran short.',
    columns: {
      id: 'Its number here.',
      at_ms: 'When.',
      step: '`completed`, `clones` or `capture`.',
      path: 'The file, where one was deleted unsent.',
      files: 'How many things went.',
      bytes: 'What they took.',
      readings: 'Readings that were lost with it.',
      lost: '1 for data that nobody else has.',
    },
  },
};

/** Ten questions and their answers in SQL; a test runs each. */
export const QUERIES: readonly { readonly title: string; readonly sql: string }[] = [
  {
    title: 'Commits per week of every repository',
    sql: `SELECT url, date((day - (day + 3) % 7) * 86400, 'unixepoch') AS week, sum(repository_days.commits) AS commits
FROM repository_days JOIN repositories ON repositories.id = repository_id
GROUP BY url, week ORDER BY url, week;`,
  },
  {
    title: 'Top ten people of this year, programs left out',
    sql: `SELECT people.name, sum(author_days.commits) AS commits
FROM author_days JOIN identities ON identities.id = author_id JOIN people ON people.id = person_id
WHERE bot = 0 AND day >= unixepoch('now', 'start of year') / 86400
GROUP BY people.id ORDER BY commits DESC LIMIT 10;`,
  },
  {
    title: 'Files changed most, and by how many people',
    sql: `SELECT path, count(*) AS changes, count(DISTINCT person_id) AS people, sum(added) AS added, sum(removed) AS removed
FROM (SELECT id, path FROM paths ORDER BY changes DESC LIMIT 20) AS hot
JOIN file_changes ON path_id = hot.id JOIN identities ON identities.id = author_id
GROUP BY hot.id ORDER BY changes DESC;`,
  },
  {
    title: 'The largest commits',
    sql: `SELECT lower(hex(hash)) AS hash, added + removed AS lines, files, subject
FROM commit_churn JOIN commits ON commits.id = commit_id ORDER BY lines DESC LIMIT 20;`,
  },
  {
    title: 'A commit by its hash, wherever it is',
    sql: `SELECT url, datetime(committed_at, 'unixepoch') AS committed, subject
FROM commit_hashes JOIN commits ON commits.id = commit_id JOIN repositories ON repositories.id = commits.repository_id
WHERE commit_hashes.hash = unhex('e83c5163316f89bfbde7d9ab23ca2e25604af290');`,
  },
  {
    title: 'Who knows a folder best',
    sql: `SELECT people.name, count(DISTINCT commit_id) AS commits, sum(added) AS added
FROM paths JOIN file_changes ON path_id = paths.id JOIN identities ON identities.id = author_id
JOIN people ON people.id = person_id
WHERE path GLOB 'src/*' GROUP BY people.id ORDER BY commits DESC LIMIT 10;`,
  },
  {
    title: 'People who work in several repositories',
    sql: `SELECT people.name, count(DISTINCT repository_id) AS repositories, sum(commits) AS commits
FROM identities JOIN people ON people.id = person_id WHERE commits > 0
GROUP BY people.id HAVING repositories > 1 ORDER BY repositories DESC, commits DESC;`,
  },
  {
    title: 'Percent of commits at night and at weekends',
    sql: `SELECT url,
       round(100.0 * sum(CASE WHEN hour_of_week >= 120 OR hour_of_week % 24 NOT BETWEEN 7 AND 19 THEN repository_hours.commits END)
             / sum(repository_hours.commits), 1) AS percent
FROM repository_hours JOIN repositories ON repositories.id = repository_id GROUP BY url ORDER BY percent DESC;`,
  },
  {
    title: 'Pairs: authors and their co-authors',
    sql: `SELECT writer.mapped_name AS author, helper.mapped_name AS co_author, count(*) AS commits
FROM co_authors JOIN commits ON commits.id = commit_id
JOIN identities AS writer ON writer.id = author_id JOIN identities AS helper ON helper.id = identity_id
GROUP BY author, co_author ORDER BY commits DESC LIMIT 20;`,
  },
  {
    title: 'Repositories by time since their last commit',
    sql: `SELECT url, date(last_commit_at, 'unixepoch') AS last_commit, (unixepoch() - last_commit_at) / 86400 AS days
FROM repositories WHERE last_commit_at IS NOT NULL ORDER BY last_commit_at;`,
  },
];
