import type { ChurnWriter, CommitChurn, WaitingCommit } from '../../store/churn.ts';
import { readInteger } from '../../store/rows/columns.ts';
import type { SqlExecutor, TransactionalExecutor } from '../executor.ts';
import { holdClaim, lockRepository } from './lock.ts';

/** Paths whose row is kept at hand; the table starts afresh when it is full. */
const MAX_CACHED_PATHS = 100_000;

const WAITING = `
  SELECT id, encode(hash, 'hex') AS hash FROM commits
   WHERE repository_id = $1 AND id > (SELECT churned_to FROM repositories WHERE id = $1)
     AND NOT EXISTS (SELECT FROM commit_churn WHERE commit_id = commits.id)
   ORDER BY id LIMIT $2`;
const INSERT_CHURN = `
  WITH found AS (
    SELECT commits.id, author_id, committed_at / 86400 AS day, files, added, removed
      FROM unnest($2::bigint[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[])
             AS given (id, hash, files, added, removed)
      JOIN commits ON commits.id = given.id AND repository_id = $1 AND commits.hash = decode(given.hash, 'hex')),
  stored AS (
    INSERT INTO commit_churn (commit_id, files, added, removed) SELECT id, files, added, removed FROM found
    ON CONFLICT DO NOTHING RETURNING commit_id)
  SELECT found.* FROM found JOIN stored ON commit_id = id`;
const ENSURE_PATHS = `
  WITH given AS (SELECT path FROM unnest($2::text[]) AS given (path)),
  added AS (
    INSERT INTO paths (repository_id, path) SELECT $1, path FROM given ON CONFLICT DO NOTHING RETURNING id, path)
  SELECT id, path FROM added
  UNION ALL
  SELECT known.id, given.path FROM given JOIN paths AS known
      ON known.repository_id = $1 AND text_key(known.path) = text_key(given.path)`;
const INSERT_CHANGES = `
  INSERT INTO file_changes (commit_id, path_id, day, author_id, added, removed)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])`;
const COUNT_CHANGES = `
  UPDATE paths SET changes = paths.changes + given.changes
    FROM (SELECT path_id, count(*) AS changes FROM unnest($1::bigint[]) AS path_id GROUP BY path_id) AS given
   WHERE id = path_id`;
const ADD =
  'SET files = rolled.files + given.files, added = rolled.added + given.added, removed = rolled.removed + given.removed';
const SUMS = 'sum(files) AS files, sum(added) AS added, sum(removed) AS removed';
const GIVEN = `
  unnest($2::bigint[], $3::integer[], $4::integer[], $5::bigint[], $6::bigint[]) AS given (author_id, day, files, added, removed)`;
const COUNT_AUTHOR_DAYS = `
  UPDATE author_days AS rolled ${ADD} FROM (SELECT author_id, day, ${SUMS} FROM ${GIVEN} GROUP BY author_id, day) AS given
   WHERE repository_id = $1 AND rolled.author_id = given.author_id AND rolled.day = given.day`;
const COUNT_DAYS = `
  UPDATE repository_days AS rolled ${ADD} FROM (SELECT day, ${SUMS} FROM ${GIVEN} GROUP BY day) AS given
   WHERE repository_id = $1 AND rolled.day = given.day`;
const MOVE_CURSOR = 'UPDATE repositories SET churned_to = greatest(churned_to, $2) WHERE id = $1';

/**
 * `ChurnWriter` on Postgres. Each write holds the claim that it is made under, and is refused once that is lost. What is
 * there already is passed over, and counted once.
 */
export class PostgresChurnWriter implements ChurnWriter {
  readonly #database: TransactionalExecutor;
  readonly #repositoryId: number;
  readonly #claim: number | undefined;
  readonly #pathIds = new Map<string, number>();

  /** @param claim the token of the claim that it writes under, where there is a queue */
  constructor(database: TransactionalExecutor, repositoryId: number, claim?: number) {
    this.#database = database;
    this.#repositoryId = repositoryId;
    this.#claim = claim;
  }

  async waiting(limit: number): Promise<WaitingCommit[]> {
    const rows = await this.#database.query(WAITING, [this.#repositoryId, limit]);
    return rows.map(row => ({ id: Number(row.id), hash: String(row.hash) }));
  }

  async append(commits: readonly CommitChurn[], completeTo: number): Promise<void> {
    let attempts = 0;
    try {
      await this.#database.transaction(async transaction => {
        attempts += 1;
        if (attempts > 1) this.#pathIds.clear();
        if (this.#claim !== undefined) await holdClaim(transaction, this.#claim);
        // Its rows are counted by the day, and must not be rolled up twice or half: the roll-up waits for it.
        await lockRepository(transaction, this.#repositoryId);
        await this.#insert(transaction, commits);
        await transaction.execute(MOVE_CURSOR, [this.#repositoryId, completeTo]);
      });
    } catch (error) {
      // Rows of paths may have gone with the transaction.
      this.#pathIds.clear();
      throw error;
    }
  }

  async #insert(transaction: SqlExecutor, commits: readonly CommitChurn[]): Promise<void> {
    const sums = commits.map(({ files }) => ({
      added: files.reduce((sum, { added }) => sum + (added ?? 0), 0),
      removed: files.reduce((sum, { removed }) => sum + (removed ?? 0), 0),
    }));
    const stored = await transaction.query(INSERT_CHURN, [
      this.#repositoryId,
      commits.map(({ id }) => id),
      commits.map(({ hash }) => hash),
      commits.map(({ files }) => files.length),
      sums.map(({ added }) => added),
      sums.map(({ removed }) => removed),
    ]);
    const filesOf = new Map(commits.map(({ id, files }) => [id, files]));
    const changes = stored.flatMap(row => {
      const id = readInteger(row, 'id');
      const [day, author] = [readInteger(row, 'day'), readInteger(row, 'author_id')];
      return (filesOf.get(id) ?? []).map(file => ({ ...file, id, day, author }));
    });
    if (changes.length === 0) return;
    await this.#ensurePaths(transaction, new Set(changes.map(({ path }) => path)));
    const pathIds = changes.map(({ path }) => this.#pathIds.get(path) as number);
    await transaction.execute(INSERT_CHANGES, [
      changes.map(({ id }) => id),
      pathIds,
      changes.map(({ day }) => day),
      changes.map(({ author }) => author),
      changes.map(({ added }) => added),
      changes.map(({ removed }) => removed),
    ]);
    await transaction.execute(COUNT_CHANGES, [pathIds]);
    const given = [
      this.#repositoryId,
      stored.map(row => readInteger(row, 'author_id')),
      stored.map(row => readInteger(row, 'day')),
      stored.map(row => readInteger(row, 'files')),
      stored.map(row => readInteger(row, 'added')),
      stored.map(row => readInteger(row, 'removed')),
    ];
    await transaction.execute(COUNT_AUTHOR_DAYS, given);
    await transaction.execute(COUNT_DAYS, given);
  }

  async #ensurePaths(transaction: SqlExecutor, paths: ReadonlySet<string>): Promise<void> {
    if (this.#pathIds.size >= MAX_CACHED_PATHS) this.#pathIds.clear();
    const unknown = [...paths].filter(path => !this.#pathIds.has(path));
    if (unknown.length === 0) return;
    const rows = await transaction.query(ENSURE_PATHS, [this.#repositoryId, unknown]);
    for (const row of rows) this.#pathIds.set(String(row.path), Number(row.id));
  }
}
