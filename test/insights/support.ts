import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { openStore, type SqliteStore } from '../../src/keep/sqlite/open-store.ts';
import type { CommitRow } from '../../src/keep/store/types.ts';
import { temporaryDirectory } from '../support/git-repositories.ts';

/** A commit of a test, in few words. */
export interface Told {
  readonly who: string;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Minutes east of UTC. */
  readonly zone?: number;
  readonly merge?: boolean;
  readonly files?: Readonly<Record<string, readonly [number | null, number | null]>>;
}

export async function openTestStore(t: TestContext): Promise<SqliteStore> {
  const path = join(temporaryDirectory(t, 'sluice-insights'), 'sluice.db');
  const store = await openStore(path, { clock: systemClock });
  t.after(() => store.close());
  return store;
}

/** Stores a history with its churn, through the writers that bakes use. */
export async function tell(store: SqliteStore, url: string, commits: readonly Told[]): Promise<number> {
  const { id } = await store.repositories.ensure(url, 'local');
  const rows = commits.map((told, index) => rowOf(url, told, index));
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

export function hashOf(url: string, index: number): string {
  return Buffer.from(`${url} ${index}`).toString('hex').padEnd(40, '0').slice(0, 40);
}

function rowOf(url: string, { who, at, zone = 0, merge = false }: Told, index: number): CommitRow {
  const person = { name: who, email: `${who.toLowerCase()}@example.org` };
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
