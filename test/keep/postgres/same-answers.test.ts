import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SyncedChangeset } from '../../../src/keep/store/changesets.ts';
import type { Scope } from '../../../src/keep/store/questions.ts';
import type { Store } from '../../../src/keep/store/store.ts';
import { anyCommit, anyWindow, storeChangesets } from '../../suites/questions-suite.ts';
import { storeHistory, type TestCommit } from '../../suites/store-fixture.ts';
import { sharedPostgresStore } from '../../support/postgres/postgres-store.ts';
import { openTestStore } from '../../support/sqlite-store.ts';

const open = await sharedPostgresStore();

const anyChangeset: fc.Arbitrary<Partial<SyncedChangeset>> = fc.record({
  state: fc.constantFrom('open', 'draft', 'merged', 'closed'),
  reviewState: fc.constantFrom('none', 'requested', 'approved'),
  createdAtMs: fc.integer({ min: 1, max: 900 }),
  updatedAtMs: fc.integer({ min: 1, max: 900 }),
  mergedAtMs: fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined }),
  additions: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
});

interface World {
  readonly histories: readonly (readonly TestCommit[])[];
  readonly removed: number;
  readonly changesets: readonly Partial<SyncedChangeset>[];
  readonly window: Omit<Scope, 'repositoryIds'>;
}

const anyWorld: fc.Arbitrary<World> = fc.record({
  histories: fc.array(fc.array(anyCommit, { maxLength: 30 }), { minLength: 1, maxLength: 3 }),
  removed: fc.integer({ min: 0, max: 5 }),
  changesets: fc.array(anyChangeset, { maxLength: 8 }),
  window: anyWindow,
});

/** Puts a world into a store, and asks everything. */
async function answersOf(store: Store, { histories, removed, changesets, window }: World): Promise<unknown> {
  const repositoryIds: number[] = [];
  for (const [index, history] of histories.entries()) {
    repositoryIds.push(await storeHistory(store, `/${index}`, history));
  }
  const writer = store.history(repositoryIds[0] ?? 0);
  const hashes = await Array.fromAsync(writer.hashes());
  await writer.remove(hashes.slice(0, removed));
  const totals = await writer.finish(1);
  await storeChangesets(store, changesets);
  await store.repositories.update(repositoryIds[0] ?? 0, { state: 'gone', lastError: 'no more' });
  const { questions } = store;
  const scope = { ...window, repositoryIds };
  const byDay = (lists: readonly (readonly number[])[]): string[] => lists.map(String).sort();
  return {
    totals,
    hashes,
    activityByDay: await questions.activityByDay(scope),
    topAuthors: await questions.topAuthors({ ...scope, datedSinceDay: 150, datedUntilDay: 400 }, 3),
    commitsByPerson: await questions.commitsByPerson(scope),
    daysByPerson: byDay((await questions.daysByPerson(scope)).map(days => [...new Set(days)])),
    commitsByHourOfWeek: await questions.commitsByHourOfWeek(scope),
    mostChangedFiles: (await questions.mostChangedFiles(scope, 20)).sort((one, other) =>
      `${one.repository} ${one.path}` < `${other.repository} ${other.path}` ? -1 : 1,
    ),
    lastCommits: await questions.lastCommits(scope),
    unreadChurn: await questions.unreadChurn(repositoryIds),
    countOpenChangesets: (
      await questions.countOpenChangesets({ idleSinceMs: 400, openedSinceMs: [600, 300] })
    ).sort((one, other) => one.age - other.age),
    changesetLives: await questions.changesetLives({ sinceMs: 200, untilMs: 800, afterId: 0, limit: 5 }),
    reviewsByDay: await questions.reviewsByDay({ sinceMs: 0, untilMs: 900 }),
    staleChangesets: (await questions.staleChangesets({ idleSinceMs: 500, limit: 99 })).count,
    troubledRepositories: await questions.troubledRepositories(),
    people: (await store.people.list({ limit: 9 })).map(({ name, commits, bot }) => ({ name, commits, bot })),
  };
}

test('every question has the same answer from Postgres as from SQLite (F-404)', async t => {
  await fc.assert(
    fc.asyncProperty(anyWorld, async world => {
      const { store } = await open(t);
      const sqlite = await openTestStore(t);
      assert.deepEqual(await answersOf(store, world), await answersOf(sqlite.store, world));
      await store.close();
      await sqlite.store.close();
    }),
    { numRuns: 15, endOnFailure: true },
  );
});
