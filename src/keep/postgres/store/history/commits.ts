import type { CommitRow } from '../../../store/types.ts';
import { bytesOfHex } from '../../copy.ts';
import type { SqlExecutor, Transaction } from '../../executor.ts';
import type { Identities } from './identities.ts';

/** Ids ascend with the order of the rows, whatever else takes ids meanwhile. */
const RESERVE = `
  SELECT array_agg(nextval(sequence)) AS ids
    FROM (SELECT pg_get_serial_sequence('commits', 'id')::regclass AS sequence OFFSET 0) AS once, generate_series(1, $1)`;
const INTO_COMMITS = `commits (id, repository_id, hash, author_id, authored_at, authored_zone, committer_id, committed_at,
                       committed_zone, parent_count, parents, signed, subject)`;
const INSERT_UNKNOWN = `
  INSERT INTO ${INTO_COMMITS}
  SELECT id, $1, decode(hash, 'hex'), author_id, authored_at, authored_zone, committer_id, committed_at, committed_zone,
         parent_count, decode(parents, 'hex'), signed, subject
    FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::integer[], $7::bigint[], $8::bigint[],
                $9::integer[], $10::integer[], $11::text[], $12::integer[], $13::text[])
      AS given (id, hash, author_id, authored_at, authored_zone, committer_id, committed_at, committed_zone,
                parent_count, parents, signed, subject)
  ON CONFLICT (repository_id, hash) DO NOTHING`;
const STORED = 'SELECT id FROM commits WHERE id = ANY($1::bigint[])';
const INTO_MESSAGES = 'commit_messages (commit_id, message, trailers)';
const INSERT_CO_AUTHORS = `
  INSERT INTO co_authors (commit_id, identity_id) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING`;

/** Which of the rows were new, by their index, and the id of the first of them. */
export interface AddedCommits {
  readonly at: readonly number[];
  readonly firstId: number | null;
}

/**
 * Stores commits with their messages and co-authors, within a transaction; those stored already are passed over.
 * @param areNew none is: what is spared is looking
 */
export async function insertCommits(
  transaction: Transaction,
  repositoryId: number,
  rows: readonly CommitRow[],
  identities: Identities,
  areNew: boolean,
): Promise<AddedCommits> {
  if (rows.length === 0) return { at: [], firstId: null };
  const reserved = await transaction.first(RESERVE, [rows.length]);
  const ids = ((reserved?.ids ?? []) as number[]).sort((one, other) => one - other);
  const insert = areNew ? copyNew : insertUnknown;
  const at = await insert(transaction, repositoryId, rows, ids, identities);
  await insertMessages(transaction, rows, ids, at);
  await insertCoAuthors(transaction, rows, ids, at, identities);
  const [first] = at;
  return { at, firstId: first === undefined ? null : (ids[first] ?? null) };
}

type Insert = (
  transaction: Transaction,
  repositoryId: number,
  rows: readonly CommitRow[],
  ids: readonly number[],
  identities: Identities,
) => Promise<readonly number[]>;

const copyNew: Insert = async (transaction, repositoryId, rows, ids, identities) => {
  function* values() {
    for (const [at, row] of rows.entries()) {
      yield [
        ids[at] as number,
        repositoryId,
        bytesOfHex(row.hash),
        identities.idOf(row.author),
        row.authoredAt,
        row.authoredZone,
        identities.idOf(row.committer),
        row.committedAt,
        row.committedZone,
        row.parents.length,
        bytesOfHex(row.parents.join('')),
        Number(row.signed),
        row.subject,
      ];
    }
  }
  await transaction.copyIn(INTO_COMMITS, values());
  return rows.map((_, at) => at);
};

const insertUnknown: Insert = async (transaction, repositoryId, rows, ids, identities) => {
  const inserted = await transaction.execute(INSERT_UNKNOWN, [
    repositoryId,
    ids,
    rows.map(({ hash }) => hash),
    rows.map(({ author }) => identities.idOf(author)),
    rows.map(({ authoredAt }) => authoredAt),
    rows.map(({ authoredZone }) => authoredZone),
    rows.map(({ committer }) => identities.idOf(committer)),
    rows.map(({ committedAt }) => committedAt),
    rows.map(({ committedZone }) => committedZone),
    rows.map(({ parents }) => parents.length),
    rows.map(({ parents }) => parents.join('')),
    rows.map(({ signed }) => Number(signed)),
    rows.map(({ subject }) => subject),
  ]);
  return inserted === rows.length ? rows.map((_, at) => at) : indexesOfStored(transaction, ids);
};

async function indexesOfStored(transaction: SqlExecutor, ids: readonly number[]): Promise<number[]> {
  const stored = new Set((await transaction.query(STORED, [ids])).map(row => Number(row.id)));
  return ids.flatMap((id, at) => (stored.has(id) ? [at] : []));
}

async function insertMessages(
  transaction: Transaction,
  rows: readonly CommitRow[],
  ids: readonly number[],
  at: readonly number[],
): Promise<void> {
  const long = at.filter(index => rows[index]?.message !== undefined);
  if (long.length === 0) return;
  await transaction.copyIn(
    INTO_MESSAGES,
    long.map(index => [ids[index] as number, rows[index]?.message ?? '', rows[index]?.trailers ?? null]),
  );
}

async function insertCoAuthors(
  transaction: SqlExecutor,
  rows: readonly CommitRow[],
  ids: readonly number[],
  at: readonly number[],
  identities: Identities,
): Promise<void> {
  const pairs = at.flatMap(index =>
    (rows[index]?.coAuthors ?? []).map(
      coAuthor => [ids[index] as number, identities.idOf(coAuthor)] as const,
    ),
  );
  if (pairs.length === 0) return;
  await transaction.execute(INSERT_CO_AUTHORS, [
    pairs.map(([id]) => id),
    pairs.map(([, identity]) => identity),
  ]);
}
