import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../../src/base/clock.ts';
import {
  type IngestOptions,
  type IngestResult,
  ingestHistory,
} from '../../../../src/gather/repos/history/ingest.ts';
import { openStore, type SqliteStore } from '../../../../src/keep/sqlite/open-store.ts';
import type { HistoryWriter } from '../../../../src/keep/store/history.ts';
import { GitFixture } from '../../../support/git-fixture.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';
import { queryRows } from '../../../support/sqlite-store.ts';

/** A repository, and a store that its history goes to. */
export interface Bench {
  readonly git: GitFixture;
  readonly store: SqliteStore;
  readonly repositoryId: number;
  /** Brings the store to the repository's refs. */
  ingest(change?: Partial<IngestOptions>): Promise<IngestResult>;
  writer(): HistoryWriter;
  /** Rows as the store has them, by hash. */
  rows(): Promise<Map<string, StoredCommit>>;
}

export interface StoredCommit {
  readonly hash: string;
  readonly parents: string;
  readonly author: string;
  readonly email: string;
  readonly authoredAt: number;
  readonly authoredZone: number;
  readonly committer: string;
  readonly committerEmail: string;
  readonly committedAt: number;
  readonly committedZone: number;
  readonly subject: string;
  readonly signed: number;
  readonly coAuthors: string | null;
}

const ROWS = `
  SELECT lower(hex(c.hash)) AS hash, lower(hex(c.parents)) AS parents, a.name AS author, a.email,
         c.authored_at AS authoredAt, c.authored_zone AS authoredZone, b.name AS committer,
         b.email AS committerEmail, c.committed_at AS committedAt, c.committed_zone AS committedZone,
         c.subject, c.signed,
         (SELECT group_concat(i.name || ' <' || i.email || '>', ', ' ORDER BY i.name) FROM co_authors x
          JOIN identities i ON i.id = x.identity_id WHERE x.commit_id = c.id) AS coAuthors
  FROM commits c JOIN identities a ON a.id = c.author_id JOIN identities b ON b.id = c.committer_id
  WHERE c.repository_id = ?`;

export async function openBench(t: TestContext, objectFormat: 'sha1' | 'sha256' = 'sha1'): Promise<Bench> {
  const directory = temporaryDirectory(t, 'sluice-history');
  const store = await openStore(join(directory, 'sluice.db'), { clock: systemClock });
  t.after(() => store.close());
  return newBench(store, join(directory, 'repository.git'), objectFormat);
}

/** Another repository in the same store. */
export async function newBench(
  store: SqliteStore,
  gitDir: string,
  objectFormat: 'sha1' | 'sha256' = 'sha1',
): Promise<Bench> {
  const git = new GitFixture(gitDir, { objectFormat });
  const { id: repositoryId } = await store.repositories.ensure(gitDir, 'local');
  const writer = (): HistoryWriter => store.history(repositoryId);
  return {
    git,
    store,
    repositoryId,
    writer,
    ingest: (change = {}) =>
      ingestHistory({ gitDir, writer: writer(), tips: git.refs(), clock: systemClock, ...change }),
    async rows() {
      const rows = queryRows(store, ROWS, repositoryId) as unknown as StoredCommit[];
      const byHash = new Map(rows.map(row => [row.hash, row]));
      if (byHash.size !== rows.length) throw new Error('a commit is stored twice');
      return byHash;
    },
  };
}

export function main(tip: string): Map<string, string> {
  return new Map([['refs/heads/main', tip]]);
}
