import type { ChurnWriter, CommitChurn, WaitingCommit } from '../../store/churn.ts';
import type { Database } from '../database.ts';
import { writeUnder } from './claim.ts';

/** Paths whose row is kept at hand; the table starts afresh when it is full. */
const MAX_CACHED_PATHS = 100_000;

// The index holds all that the choice needs, so that it costs the same whatever other repositories have.
const WAITING = `
  SELECT id, lower(hex(hash)) AS hash FROM commits WHERE id IN (
    SELECT id FROM commits INDEXED BY commits_by_time
    WHERE repository_id = ?1 AND id > (SELECT churned_to FROM repositories WHERE id = ?1)
      AND NOT EXISTS (SELECT 1 FROM commit_churn WHERE commit_id = commits.id)
    ORDER BY id LIMIT ?2) ORDER BY id`;
const FIND_COMMIT = `
  SELECT author_id AS author, committed_at / 86400 AS day FROM commits
  WHERE id = ? AND repository_id = ? AND hash = unhex(?)`;
const INSERT_CHURN =
  'INSERT INTO commit_churn (commit_id, files, added, removed) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING';
const INSERT_CHANGE = `
  INSERT INTO file_changes (commit_id, path_id, day, author_id, added, removed) VALUES (?, ?, ?, ?, ?, ?)`;
const FIND_PATH = 'SELECT id FROM paths WHERE repository_id = ? AND path = ?';
const INSERT_PATH = 'INSERT INTO paths (repository_id, path) VALUES (?, ?)';
const COUNT_CHANGES = 'UPDATE paths SET changes = changes + ? WHERE id = ?';
const ADD = 'SET files = files + ?, added = added + ?, removed = removed + ? WHERE repository_id = ?';
const COUNT_AUTHOR_DAY = `UPDATE author_days ${ADD} AND author_id = ? AND day = ?`;
const COUNT_DAY = `UPDATE repository_days ${ADD} AND day = ?`;
const MOVE_CURSOR = 'UPDATE repositories SET churned_to = max(churned_to, ?) WHERE id = ?';

/** Files and lines, added up. */
class Sum {
  files = 0;
  added = 0;
  removed = 0;

  add(files: number, added: number, removed: number): void {
    this.files += files;
    this.added += added;
    this.removed += removed;
  }
}

/** What one transaction adds to the roll-ups, by author and day, by day, and by path. */
class Additions {
  readonly authorDays = new Map<string, Sum>();
  readonly days = new Map<number, Sum>();
  readonly paths = new Map<number, number>();
}

/** `ChurnWriter` on SQLite. */
export class SqliteChurnWriter implements ChurnWriter {
  readonly #database: Database;
  readonly #repositoryId: number;
  readonly #claim: number | undefined;
  readonly #pathIds = new Map<string, number>();

  /** @param claim the token of the claim that it writes under, where there is a queue */
  constructor(database: Database, repositoryId: number, claim?: number) {
    this.#database = database;
    this.#repositoryId = repositoryId;
    this.#claim = claim;
  }

  async waiting(limit: number): Promise<WaitingCommit[]> {
    const rows = this.#database.read(() => this.#database.statement(WAITING).all(this.#repositoryId, limit));
    return rows.map(row => ({ id: Number(row.id), hash: String(row.hash) }));
  }

  async append(commits: readonly CommitChurn[], completeTo: number): Promise<void> {
    try {
      await writeUnder(this.#database, this.#claim, () => {
        const additions = new Additions();
        for (const commit of commits) this.#insert(commit, additions);
        this.#count(additions);
        this.#database.statement(MOVE_CURSOR).run(completeTo, this.#repositoryId);
      });
    } catch (error) {
      // Rows of paths may have gone with the transaction.
      this.#pathIds.clear();
      throw error;
    }
  }

  #insert({ id, hash, files }: CommitChurn, additions: Additions): void {
    const commit = this.#database.statement(FIND_COMMIT).get(id, this.#repositoryId, hash);
    if (!commit) return;
    const [author, day] = [Number(commit.author), Number(commit.day)];
    const sum = new Sum();
    for (const { added, removed } of files) sum.add(1, added ?? 0, removed ?? 0);
    const { changes } = this.#database.statement(INSERT_CHURN).run(id, sum.files, sum.added, sum.removed);
    if (changes === 0) return;
    const insert = this.#database.statement(INSERT_CHANGE);
    for (const { path, added, removed } of files) {
      const pathId = this.#pathId(path);
      insert.run(id, pathId, day, author, added, removed);
      additions.paths.set(pathId, (additions.paths.get(pathId) ?? 0) + 1);
    }
    if (files.length === 0) return;
    const key = `${author} ${day}`;
    sumAt(additions.authorDays, key).add(sum.files, sum.added, sum.removed);
    sumAt(additions.days, day).add(sum.files, sum.added, sum.removed);
  }

  #count({ authorDays, days, paths }: Additions): void {
    const authorDay = this.#database.statement(COUNT_AUTHOR_DAY);
    for (const [key, { files, added, removed }] of authorDays) {
      const [author = 0, day = 0] = key.split(' ').map(Number);
      authorDay.run(files, added, removed, this.#repositoryId, author, day);
    }
    const ofDay = this.#database.statement(COUNT_DAY);
    for (const [day, { files, added, removed }] of days) {
      ofDay.run(files, added, removed, this.#repositoryId, day);
    }
    const ofPath = this.#database.statement(COUNT_CHANGES);
    for (const [path, changes] of paths) ofPath.run(changes, path);
  }

  #pathId(path: string): number {
    const known = this.#pathIds.get(path);
    if (known !== undefined) return known;
    const row = this.#database.statement(FIND_PATH).get(this.#repositoryId, path);
    const id = Number(
      row?.id ?? this.#database.statement(INSERT_PATH).run(this.#repositoryId, path).lastInsertRowid,
    );
    if (this.#pathIds.size >= MAX_CACHED_PATHS) this.#pathIds.clear();
    this.#pathIds.set(path, id);
    return id;
  }
}

function sumAt<K>(sums: Map<K, Sum>, key: K): Sum {
  const known = sums.get(key);
  if (known) return known;
  const made = new Sum();
  sums.set(key, made);
  return made;
}
