import type { CommitRow, CommitRows, EncodedMessage } from '../../../store/types.ts';
import type { CopyTarget, CopyValue } from '../../copy.ts';
import type { SqlExecutor, Transaction } from '../../executor.ts';
import type { Identities } from './identities.ts';

/** Ids ascend with the order of the rows, whatever else takes ids meanwhile. */
const RESERVE = `
  SELECT array_agg(nextval(sequence)) AS ids
    FROM (SELECT pg_get_serial_sequence('commits', 'id')::regclass AS sequence OFFSET 0) AS once, generate_series(1, $1)`;
const INTO_COMMITS: CopyTarget = {
  table: 'commits',
  columns: {
    id: 'bigint',
    repository_id: 'bigint',
    hash: 'bytea',
    author_id: 'bigint',
    authored_at: 'bigint',
    authored_zone: 'integer',
    committer_id: 'bigint',
    committed_at: 'bigint',
    committed_zone: 'integer',
    parent_count: 'integer',
    parents: 'bytea',
    signed: 'integer',
    subject: 'text',
  },
};
const INSERT_UNKNOWN = `
  INSERT INTO commits (${Object.keys(INTO_COMMITS.columns).join(', ')})
  SELECT id, $1, decode(hash, 'hex'), author_id, authored_at, authored_zone, committer_id, committed_at, committed_zone,
         parent_count, decode(parents, 'hex'), signed, subject
    FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::integer[], $7::bigint[], $8::bigint[],
                $9::integer[], $10::integer[], $11::text[], $12::integer[], $13::text[])
      AS given (id, hash, author_id, authored_at, authored_zone, committer_id, committed_at, committed_zone,
                parent_count, parents, signed, subject)
  ON CONFLICT (repository_id, hash) DO NOTHING`;
const STORED = 'SELECT id FROM commits WHERE id = ANY($1::bigint[])';
const INTO_MESSAGES: CopyTarget = {
  table: 'commit_messages',
  columns: { commit_id: 'bigint', message: 'text', trailers: 'text' },
};
const INSERT_CO_AUTHORS = `
  INSERT INTO co_authors (commit_id, identity_id) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING`;

/** What was stored of commits: the rows, which of them were new, by their index, and the id of the first of these. */
export interface AddedCommits {
  readonly rows: readonly CommitRow[];
  readonly at: readonly number[];
  readonly firstId: number | null;
}

/** Where commits go, within a transaction. */
export interface CommitsInto {
  readonly transaction: Transaction;
  readonly repositoryId: number;
  readonly identities: Identities;
}

/**
 * Stores commits of which none is there yet, with their messages and co-authors. Messages go first: the commits are read
 * while the server stores messages, and counted while it stores commits.
 * @throws what `isDouble` knows where one is there after all
 */
export async function copyCommits(
  into: CommitsInto,
  commits: CommitRows,
  onCopied: (commit: CommitRow, author: number) => void,
): Promise<AddedCommits> {
  const { transaction, identities } = into;
  const ids = await reserveIds(transaction, commits.length);
  const rows: CommitRow[] = [];
  identities.begin();
  const read = (row: CommitRow): number => {
    identities.note(row);
    return ids[rows.push(row) - 1] as number;
  };
  await transaction.copyIn(INTO_MESSAGES, messagesOf(commits, read));
  await identities.ensure(transaction);
  await transaction.copyIn(INTO_COMMITS, valuesOf(rows, ids, into, onCopied));
  const at = rows.map((_, index) => index);
  await insertCoAuthors(into, rows, ids, at);
  return { rows, at, firstId: ids[0] ?? null };
}

/** @param read is told each commit, without its message where that stays bytes, and gives its id */
function* messagesOf(commits: CommitRows, read: (row: CommitRow) => number): Generator<CopyValue[]> {
  const { encoded } = commits;
  if (!encoded) {
    for (const row of commits) {
      const id = read(row);
      if (row.message !== undefined) yield [id, row.message, row.trailers ?? null];
    }
    return;
  }
  const messages = encoded.messages[Symbol.iterator]();
  for (const row of encoded.rows) {
    const id = read(row);
    const message = messages.next().value as EncodedMessage | undefined;
    if (message === undefined) continue;
    const { bytes, from, messageBytes, trailersBytes } = message;
    const end = from + messageBytes;
    const trailers = trailersBytes === 0 ? null : { bytes, from: end, to: end + trailersBytes };
    yield [id, { bytes, from, to: end }, trailers];
  }
}

/** Stores commits with their messages and co-authors; those that are there already are passed over. */
export async function insertCommits(into: CommitsInto, commits: CommitRows): Promise<AddedCommits> {
  const { transaction, identities } = into;
  const rows = [...commits];
  identities.begin();
  for (const row of rows) identities.note(row);
  await identities.ensure(transaction);
  if (rows.length === 0) return { rows, at: [], firstId: null };
  const ids = await reserveIds(transaction, rows.length);
  const at = await insertUnknown(into, rows, ids);
  const long = at.filter(index => rows[index]?.message !== undefined);
  if (long.length > 0) {
    const messages = long.map(index => [
      ids[index] as number,
      rows[index]?.message ?? '',
      rows[index]?.trailers ?? null,
    ]);
    await transaction.copyIn(INTO_MESSAGES, messages);
  }
  await insertCoAuthors(into, rows, ids, at);
  const [first] = at;
  return { rows, at, firstId: first === undefined ? null : (ids[first] ?? null) };
}

async function reserveIds(transaction: SqlExecutor, count: number): Promise<number[]> {
  const reserved = await transaction.first(RESERVE, [count]);
  return ((reserved?.ids ?? []) as number[]).sort((one, other) => one - other);
}

function* valuesOf(
  rows: readonly CommitRow[],
  ids: readonly number[],
  { repositoryId, identities }: CommitsInto,
  onCopied: (commit: CommitRow, author: number) => void,
): Generator<CopyValue[]> {
  for (const [at, row] of rows.entries()) {
    const author = identities.idOf(row.author);
    onCopied(row, author);
    yield [
      ids[at] as number,
      repositoryId,
      row.hash,
      author,
      row.authoredAt,
      row.authoredZone,
      identities.idOf(row.committer),
      row.committedAt,
      row.committedZone,
      row.parents.length,
      row.parents.join(''),
      Number(row.signed),
      row.subject,
    ];
  }
}

async function insertUnknown(
  { transaction, repositoryId, identities }: CommitsInto,
  rows: readonly CommitRow[],
  ids: readonly number[],
): Promise<readonly number[]> {
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
}

async function indexesOfStored(transaction: SqlExecutor, ids: readonly number[]): Promise<number[]> {
  const stored = new Set((await transaction.query(STORED, [ids])).map(row => Number(row.id)));
  return ids.flatMap((id, at) => (stored.has(id) ? [at] : []));
}

async function insertCoAuthors(
  { transaction, identities }: CommitsInto,
  rows: readonly CommitRow[],
  ids: readonly number[],
  at: readonly number[],
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
