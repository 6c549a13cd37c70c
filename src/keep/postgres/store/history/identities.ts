import { withoutNul } from '../../../../base/text.ts';
import type { CommitRow, PersonIdentity } from '../../../store/types.ts';
import type { SqlExecutor } from '../../executor.ts';
import { shareName } from '../lock.ts';

/** Identities whose row is kept at hand; the table starts afresh when it is full. */
const MAX_CACHED_IDENTITIES = 65_536;

/** Those that were there are looked for one by one: as a join they may be compared with everybody of the repository. */
const ENSURE = `
  WITH given AS (SELECT name, email FROM unnest($2::text[], $3::text[]) AS given (name, email)),
  added AS (
    INSERT INTO identities (repository_id, name, email, mapped_name, mapped_email)
    SELECT $1, name, email, name, email FROM given ON CONFLICT DO NOTHING RETURNING id, name, email)
  SELECT id, name, email FROM added
  UNION ALL
  SELECT known.id, given.name, given.email FROM (SELECT name, email FROM given EXCEPT SELECT name, email FROM added) AS given
    CROSS JOIN LATERAL (SELECT id FROM identities
      WHERE repository_id = $1 AND text_key(name, email) = text_key(given.name, given.email) LIMIT 1) AS known`;

/**
 * Rows of the people in one repository's commits, made as they come. Everything here runs within the caller's
 * transaction; when one fails, `forget` must follow, since rows may have gone with it.
 */
export class Identities {
  readonly #repositoryId: number;
  /** By object: the reader gives the same object for the same identity. */
  readonly #ids = new Map<PersonIdentity, number>();
  /** Who was noted, by what is stored of them. */
  readonly #unknown = new Map<string, Set<PersonIdentity>>();

  constructor(repositoryId: number) {
    this.#repositoryId = repositoryId;
  }

  /** Forgets whom nobody may ask for any more, when they have become many. To be called before commits are noted. */
  begin(): void {
    this.#unknown.clear();
    if (this.#ids.size >= MAX_CACHED_IDENTITIES) this.#ids.clear();
  }

  /** Has everybody in a commit be known once `ensure` has been called. */
  note({ author, committer, coAuthors }: CommitRow): void {
    this.#note(author);
    if (committer !== author) this.#note(committer);
    for (const coAuthor of coAuthors) this.#note(coAuthor);
  }

  #note(identity: PersonIdentity): void {
    if (this.#ids.has(identity)) return;
    const key = keyOf(identity);
    const same = this.#unknown.get(key);
    if (same) same.add(identity);
    else this.#unknown.set(key, new Set([identity]));
  }

  /** Makes sure of everybody who was noted; `idOf` knows them then. */
  async ensure(transaction: SqlExecutor): Promise<void> {
    const unknown = this.#unknown;
    if (unknown.size === 0) return;
    // Merges by hand wait for it, and are waited for: none overlooks an identity that comes just then.
    await shareName(transaction, 'people');
    // In one order everywhere, so that two stations that meet the same people do not wait for each other.
    const stored = [...unknown.keys()].sort().map(key => JSON.parse(key) as [name: string, email: string]);
    const rows = await transaction.query(ENSURE, [
      this.#repositoryId,
      stored.map(([name]) => name),
      stored.map(([, email]) => email),
    ]);
    for (const row of rows) {
      const key = keyOf({ name: String(row.name), email: String(row.email) });
      for (const identity of unknown.get(key) ?? []) this.#ids.set(identity, Number(row.id));
    }
    unknown.clear();
  }

  /** The row's id. */
  idOf(identity: PersonIdentity): number {
    const id = this.#ids.get(identity);
    if (id === undefined) throw new RangeError(`no row of ${keyOf(identity)}`);
    return id;
  }

  forget(): void {
    this.#unknown.clear();
    this.#ids.clear();
  }
}

/** As Postgres stores it. */
function keyOf({ name, email }: PersonIdentity): string {
  return JSON.stringify([withoutNul(name.toWellFormed()), withoutNul(email.toWellFormed())]);
}
