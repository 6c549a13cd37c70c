import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EXPORT_TABLES } from '../../../src/export/tables.ts';
import type { SyncedChangeset } from '../../../src/keep/store/changesets.ts';
import type { Scope } from '../../../src/keep/store/questions.ts';
import type { Store } from '../../../src/keep/store/store.ts';
import { anyCommit, anyGlobs, anyWindow, storeChangesets } from '../../suites/questions-suite.ts';
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
  closedAtMs: fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined }),
  additions: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
});

const anyEvent = fc.record({
  changeset: fc.nat(7),
  kind: fc.constantFrom(
    'review',
    'commit',
    'force_push',
    'ready_for_review',
    'converted_to_draft',
    'comment',
  ),
  atMs: fc.integer({ min: 1, max: 900 }),
  order: fc.nat(1),
  actor: fc.constantFrom('ada', 'bob', null),
  actorIsBot: fc.boolean(),
  review: fc.constantFrom('approved', 'commented', 'pending', null),
});

interface World {
  readonly histories: readonly (readonly TestCommit[])[];
  readonly removed: number;
  readonly changesets: readonly Partial<SyncedChangeset>[];
  readonly events: readonly (typeof anyEvent extends fc.Arbitrary<infer Event> ? Event : never)[];
  readonly window: Omit<Scope, 'repositoryIds'>;
  readonly paths: readonly string[] | undefined;
}

const anyWorld: fc.Arbitrary<World> = fc.record({
  histories: fc.array(fc.array(anyCommit, { maxLength: 30 }), { minLength: 1, maxLength: 3 }),
  removed: fc.integer({ min: 0, max: 5 }),
  changesets: fc.array(anyChangeset, { maxLength: 8 }),
  events: fc.array(anyEvent, { maxLength: 30 }),
  window: anyWindow,
  paths: fc.option(anyGlobs, { nil: undefined }),
});

/** What an export has of each table, less the numbers that a database gives to rows. */
async function exportedRows(store: Store): Promise<unknown> {
  const source = { tables: store.tables, deliveries: () => [], captures: () => [] };
  const all = EXPORT_TABLES.map(async table => {
    const rows = (await Array.fromAsync(table.rows(source))).flat();
    const columns = Object.keys(table.columns).filter(name => !/(^|_)id$|_ms$/.test(name));
    return [
      table.name,
      rows.map(row => JSON.stringify(columns.map(name => exportedValue(row[name])))).sort(),
    ];
  });
  return Promise.all(all);
}

function exportedValue(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

/** Puts a world into a store, and asks everything. */
async function answersOf(
  store: Store,
  { histories, removed, changesets, events, window, paths }: World,
): Promise<unknown> {
  const repositoryIds: number[] = [];
  for (const [index, history] of histories.entries()) {
    repositoryIds.push(await storeHistory(store, `/${index}`, history));
  }
  const writer = store.history(repositoryIds[0] ?? 0);
  const hashes = await Array.fromAsync(writer.hashes());
  await writer.remove(hashes.slice(0, removed));
  const totals = await writer.finish(1);
  const changesetIds = await storeChangesets(store, changesets);
  const rest = { hostKind: 'x', commit: null, checkName: null, checkState: null, subject: null };
  for (const [index, { changeset, ...event }] of events.entries()) {
    const changesetId = changesetIds[changeset];
    if (changesetId !== undefined)
      await store.changesets.addEvents(changesetId, [{ ...rest, ...event, id: String(index) }]);
  }
  await store.repositories.update(repositoryIds[0] ?? 0, { state: 'gone', lastError: 'no more' });
  const { questions } = store;
  const scope = { ...window, paths, repositoryIds };
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
    countPaths: await questions.countPaths(scope),
    exported: await exportedRows(store),
    unreadChurn: await questions.unreadChurn(repositoryIds),
    countOpenChangesets: (
      await questions.countOpenChangesets({ idleSinceMs: 400, openedSinceMs: [600, 300] })
    ).sort((one, other) => one.age - other.age),
    changesetFigures: await questions.changesetFigures({ sinceMs: 200, untilMs: 800, upToLines: [3, 10] }),
    figuresOfOne: await questions.changesetFigures({
      ...{ sinceMs: 0, untilMs: 900, upToLines: [], repository: 'owner/name' },
    }),
    mergedCycles: await questions.mergedCycles({ sinceMs: 200, untilMs: 800 }),
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
    { numRuns: 25, endOnFailure: true },
  );
});
