import type { TestContext } from 'node:test';
import type { WorkQueue } from '../../src/engine/queue/work-queue.ts';
import type { Store } from '../../src/keep/store/store.ts';
import type { CommitRow } from '../../src/keep/store/types.ts';

/** A store of its own for a test, closed after it: what every suite of the store's contract works with. */
export interface StoreFixture {
  readonly store: Store;
  /** One query over the documented schema. */
  query(sql: string, ...params: readonly (string | number)[]): Promise<Record<string, unknown>[]>;
  /** Another connection to the same store, as another process has it. */
  reopen(): Promise<Store>;
}

export type OpenStore = (t: TestContext) => Promise<StoreFixture>;

/** With a work queue on the same database: changes of both go together. */
export interface StoreAndQueueFixture extends StoreFixture {
  readonly queue: WorkQueue;
}

export type OpenStoreAndQueue = (t: TestContext) => Promise<StoreAndQueueFixture>;

/** A commit of a test, in few words. */
export interface TestCommit {
  readonly who: string;
  /** Made of the name unless given. */
  readonly email?: string;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Minutes east of UTC. */
  readonly zone?: number;
  readonly merge?: boolean;
  readonly files?: Readonly<Record<string, readonly [added: number | null, removed: number | null]>>;
}

/** Stores a history with its churn, through the writers that bakes use. @returns the repository's id */
export async function storeHistory(
  store: Store,
  url: string,
  commits: readonly TestCommit[],
): Promise<number> {
  const { id } = await store.repositories.ensure(url, 'local');
  const rows = commits.map((commit, index) => rowOf(url, commit, index));
  const writer = store.history(id);
  await writer.begin(new Map());
  await writer.append(rows, rows.length);
  await writer.finish(0);
  const churn = store.churn(id);
  const waiting = await churn.waiting(10_000);
  const filesOf = new Map(rows.map(({ hash }, index) => [hash, commits[index]?.files ?? {}]));
  await churn.append(
    waiting.map(commit => ({
      ...commit,
      files: Object.entries(filesOf.get(commit.hash) ?? {}).map(([path, [added, removed]]) => ({
        path,
        added,
        removed,
      })),
    })),
    waiting.at(-1)?.id ?? 0,
  );
  return id;
}

function hashOf(url: string, index: number): string {
  return Buffer.from(`${url} ${index}`).toString('hex').padEnd(40, '0').slice(0, 40);
}

function rowOf(url: string, commit: TestCommit, index: number): CommitRow {
  const { who, email = `${who.toLowerCase()}@example.org`, at, zone = 0, merge = false } = commit;
  const person = { name: who, email };
  const parent = hashOf(url, index + 1);
  return {
    hash: hashOf(url, index),
    parents: merge ? [parent, parent] : [parent],
    author: person,
    authoredAt: at,
    authoredZone: zone,
    committer: person,
    committedAt: at,
    committedZone: zone,
    subject: 'a subject',
    signed: false,
    coAuthors: [],
  };
}
