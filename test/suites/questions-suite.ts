import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SluiceError, toErrorRecord } from '../../src/base/errors.ts';
import { activityByPeriod, mergeShare, withAges } from '../../src/insights/activity.ts';
import { busFactor } from '../../src/insights/bus-factor.ts';
import { DAY_SECONDS, periodStart } from '../../src/insights/calendar.ts';
import { punchCard } from '../../src/insights/punch-card.ts';
import { followChangesets, recordSync } from '../../src/keep/store/change.ts';
import type { SyncedChangeset } from '../../src/keep/store/changesets.ts';
import type { DatedScope, Scope } from '../../src/keep/store/questions.ts';
import type { Store } from '../../src/keep/store/store.ts';
import type { CommitRow } from '../../src/keep/store/types.ts';
import { type OpenStore, storeHistory, type TestCommit } from './store-fixture.ts';

const WHO = ['Ada', 'Grace', 'Alan', 'renovate[bot]'];
/** Any commit of a test. */
export const anyCommit: fc.Arbitrary<TestCommit> = fc.record({
  who: fc.constantFrom(...WHO),
  at: fc.integer({ min: 100 * DAY_SECONDS, max: 500 * DAY_SECONDS }),
  zone: fc.constantFrom(0, 330, -480, 840),
  merge: fc.boolean(),
  files: fc.dictionary(
    fc.constantFrom('a', 'b', 'c/d', 'e', 'f'),
    fc.constantFrom([1, 2], [10, 0], [null, null]) as fc.Arbitrary<readonly [number | null, number | null]>,
    { maxKeys: 3 },
  ),
});
/** Any days, with programs or without. */
export const anyWindow = fc.record({
  sinceDay: fc.option(fc.integer({ min: 90, max: 300 }), { nil: undefined }),
  untilDay: fc.option(fc.integer({ min: 301, max: 510 }), { nil: undefined }),
  withoutBots: fc.boolean(),
});

function inScope(
  commits: readonly TestCommit[],
  { sinceDay = 0, untilDay = 1e9, withoutBots }: Omit<Scope, 'repositoryIds'>,
) {
  return commits.filter(({ at, who }) => {
    const day = Math.floor(at / DAY_SECONDS);
    return day >= sinceDay && day < untilDay && !(withoutBots && who === 'renovate[bot]');
  });
}

/** Globs in the dialect of every choice of files, each with the names of `anyCommit` that it means. */
const GLOBS: readonly (readonly [glob: string, means: readonly string[]])[] = [
  ['a', ['a']],
  ['A', ['a']],
  ['c', ['c/d']],
  ['c/', ['c/d']],
  ['c/*', ['c/d']],
  ['/c', ['c/d']],
  ['**', ['a', 'b', 'c/d', 'e', 'f']],
  ['?', ['a', 'b', 'c/d', 'e', 'f']],
  ['c/?', ['c/d']],
  ['d/*', []],
  ['_', []],
  ['%', []],
];
/** Globs as somebody may ask with. */
export const anyGlobs = fc.array(fc.constantFrom(...GLOBS.map(([glob]) => glob)), {
  minLength: 1,
  maxLength: 2,
});

/** What a history is where only files that globs mean count: other commits are left out, and merges are none. */
function touching(commits: readonly TestCommit[], globs: readonly string[]): TestCommit[] {
  const meant = new Set(GLOBS.flatMap(([glob, means]) => (globs.includes(glob) ? means : [])));
  return commits.flatMap(commit => {
    const files = Object.entries(commit.files ?? {}).filter(([path]) => meant.has(path));
    return files.length === 0 ? [] : [{ ...commit, merge: false, files: Object.fromEntries(files) }];
  });
}

const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);
const linesOf = ({ files = {} }: TestCommit, which: 0 | 1): number =>
  sum(Object.values(files).map(counts => counts[which] ?? 0));

/** The contract of `Questions`, with what is made of the answers. */
export function questionsSuite(name: string, open: OpenStore): void {
  test(`${name}: every insight, over any set of repositories, days, people and paths, is what counting the commits one by one gives (R-32, R-123)`, async t => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyCommit, { maxLength: 60 }),
        fc.array(anyCommit, { maxLength: 20 }),
        anyWindow,
        fc.option(anyGlobs, { nil: undefined }),
        fc.boolean(),
        async (stored, storedBeside, window, paths, both) => {
          const { store } = await open(t);
          const { questions } = store;
          const one = await storeHistory(store, '/one', stored);
          const other = await storeHistory(store, '/other', storedBeside);
          const scope: Scope = { ...window, paths, repositoryIds: both ? [one, other] : [one] };
          const first = paths ? touching(stored, paths) : stored;
          const second = paths ? touching(storedBeside, paths) : storedBeside;
          const commits = inScope(both ? [...first, ...second] : first, window);

          const months = activityByPeriod(await questions.activityByDay(scope), 'month');
          const expected = Map.groupBy(commits, ({ at }) => periodStart(at, 'month'));
          const withCommits = months.filter(month => month.commits > 0);
          assert.deepEqual(
            withCommits,
            [...expected]
              .sort(([a], [b]) => a - b)
              .map(([start, some]) => ({
                start,
                commits: some.length,
                merges: some.filter(({ merge }) => merge).length,
                files: sum(some.map(({ files = {} }) => Object.keys(files).length)),
                added: sum(some.map(each => linesOf(each, 0))),
                removed: sum(some.map(each => linesOf(each, 1))),
              })),
          );
          assert.deepEqual(
            months.map(mergeShare),
            months.map(month => (month.commits === 0 ? null : month.merges / month.commits)),
          );

          const people = [...Map.groupBy(commits, ({ who }) => who)]
            .map(([who, some]) => ({
              name: who,
              email: `${who.toLowerCase()}@example.org`,
              commits: some.length,
              added: sum(some.map(each => linesOf(each, 0))),
              removed: sum(some.map(each => linesOf(each, 1))),
              firstCommitAt: Math.min(...some.map(({ at }) => at)),
              lastCommitAt: Math.max(...some.map(({ at }) => at)),
            }))
            .sort((a, b) => b.commits - a.commits || (a.name < b.name ? -1 : 1));
          assert.deepEqual(await questions.topAuthors(scope, 3), people.slice(0, 3));
          const everybody = await questions.commitsByPerson(scope);
          assert.deepEqual(
            everybody,
            people.map(({ name: who, email, commits: count }) => ({ name: who, email, commits: count })),
          );
          const factor = busFactor(everybody);
          const covered = (count: number): number => sum(people.slice(0, count).map(each => each.commits));
          assert.equal(factor.commits, commits.length);
          assert.equal(factor.people, people.length);
          assert.ok(covered(factor.factor) * 2 >= commits.length);
          if (factor.factor > 0) assert.ok(covered(factor.factor - 1) * 2 < commits.length);

          const card = punchCard(await questions.commitsByHourOfWeek(scope)).filter(hour => hour.commits > 0);
          const hours = Map.groupBy(commits, ({ at, zone = 0 }) => {
            const local = new Date((at + zone * 60) * 1000);
            return `${local.getUTCDay() || 7} ${local.getUTCHours()}`;
          });
          assert.deepEqual(
            Object.fromEntries(
              card.map(({ weekday, hour, commits: count }) => [`${weekday} ${hour}`, count]),
            ),
            Object.fromEntries([...hours].map(([hour, some]) => [hour, some.length])),
          );

          const onlyFirst = { ...scope, repositoryIds: [one] };
          const last = withAges(await questions.lastCommits(onlyFirst), 600 * DAY_SECONDS * 1000);
          const newest = Math.max(...inScope(first, window).map(({ at }) => at));
          assert.deepEqual(last, [
            {
              repository: '/one',
              lastCommitAt: Number.isFinite(newest) ? newest : null,
              ageMs: Number.isFinite(newest) ? (600 * DAY_SECONDS - newest) * 1000 : null,
            },
          ]);

          const spots = await questions.mostChangedFiles(onlyFirst, 3);
          const changes = inScope(first, window).flatMap(({ who, files = {} }) =>
            Object.keys(files).map(path => ({ who, path })),
          );
          const byPath = Map.groupBy(changes, ({ path }) => path);
          const counts = [...byPath.values()].map(some => some.length).sort((a, b) => b - a);
          assert.deepEqual(
            spots.map(spot => spot.changes),
            counts.slice(0, 3),
          );
          for (const spot of spots) {
            const own = byPath.get(spot.path) ?? [];
            assert.equal(spot.changes, own.length);
            assert.equal(spot.people, new Set(own.map(({ who }) => who)).size);
          }

          const days = await questions.daysByPerson({
            repositoryIds: scope.repositoryIds,
            paths,
            withoutBots: window.withoutBots,
          });
          const all = inScope(both ? [...first, ...second] : first, { withoutBots: window.withoutBots });
          const expectedDays = [...Map.groupBy(all, ({ who }) => who).values()].map(some =>
            [...new Set(some.map(({ at }) => Math.floor(at / DAY_SECONDS)))].sort((a, b) => a - b),
          );
          const inOrder = (lists: readonly (readonly number[])[]): string[] => lists.map(String).sort();
          assert.deepEqual(inOrder(days.map(list => [...new Set(list)])), inOrder(expectedDays));
          await store.close();
        },
      ),
      { numRuns: 40, endOnFailure: true },
    );
  });

  test(`${name}: dates that are not believed are no first or last ones, and their commits count all the same (R-112)`, async t => {
    const { store } = await open(t);
    const files = { a: [1, 0] as const };
    const far = 253_402_300_799;
    const repositoryIds = [
      await storeHistory(store, '/one', [
        { who: 'Ada', at: 0, files },
        { who: 'Ada', at: 5 * DAY_SECONDS + 7, files },
        { who: 'Ada', at: 9 * DAY_SECONDS, files },
        { who: 'Ada', at: far },
        { who: 'Grace', at: far, files: { b: [1, 0] } },
      ]),
    ];
    const answers = async (dated: Partial<DatedScope>): Promise<unknown> => {
      const scope = { repositoryIds, ...dated };
      const [authors, changed] = [
        await store.questions.topAuthors(scope, 9),
        await store.questions.mostChangedFiles(scope, 9),
      ];
      return [
        ...authors.map(({ commits, firstCommitAt, lastCommitAt }) => [commits, firstCommitAt, lastCommitAt]),
        ...changed.map(({ changes, lastChangeDay }) => [changes, lastChangeDay]),
      ];
    };
    const [day5, farDay] = [5 * DAY_SECONDS + 7, Math.floor(far / DAY_SECONDS)];
    assert.deepEqual(await answers({ datedSinceDay: 1, datedUntilDay: 9 }), [
      [4, day5, day5],
      [1, null, null],
      [3, 5],
      [1, null],
    ]);
    assert.deepEqual(await answers({}), [
      [4, 0, far],
      [1, far, far],
      [3, 9],
      [1, farDay],
    ]);
  });

  test(`${name}: which repositories have commits whose churn has not been read, and of which some has been`, async t => {
    const { store } = await open(t);
    const read = await storeHistory(store, '/read', [{ who: 'Ada', at: 1, files: { a: [1, 0] } }]);
    const { id: none } = await store.repositories.ensure('/none', 'local');
    const { id: begun } = await store.repositories.ensure('/begun', 'local');
    for (const id of [none, begun]) await writeCommits(store, id, 2);
    const [first] = await store.churn(begun).waiting(1);
    assert.ok(first);
    await store.churn(begun).append([{ ...first, files: [{ path: 'a', added: 1, removed: 0 }] }], first.id);
    assert.deepEqual(await store.questions.unreadChurn([read, none, begun]), [
      { repository: '/begun', state: 'begun' },
      { repository: '/none', state: 'none' },
    ]);
    assert.deepEqual(await store.questions.unreadChurn([read]), []);
  });

  test(`${name}: open changesets are counted by age, and the idle ones come oldest first`, async t => {
    const { store } = await open(t);
    await storeChangesets(store, [
      { createdAtMs: 100, updatedAtMs: 900 },
      { createdAtMs: 100, updatedAtMs: 200, reviewState: 'approved' },
      { createdAtMs: 500, updatedAtMs: 500, state: 'draft' },
      { createdAtMs: 500, updatedAtMs: 550, state: 'merged' },
    ]);
    const query = { idleSinceMs: 600, openedSinceMs: [500, 50] };
    const none = { open: 0, draft: 0, waitingForReview: 0, stale: 0 };
    const counts = await store.questions.countOpenChangesets(query);
    assert.deepEqual(
      counts.sort((one, other) => one.age - other.age),
      [
        { ...none, age: 0, draft: 1, stale: 1 },
        { ...none, age: 1, open: 2, waitingForReview: 1, stale: 1 },
      ],
    );
    assert.deepEqual(await store.questions.countOpenChangesets({ ...query, host: 'elsewhere' }), []);
    const stale = await store.questions.staleChangesets({ idleSinceMs: 600, limit: 1 });
    assert.deepEqual([stale.count, stale.oldest.map(({ updatedAtMs }) => updatedAtMs)], [2, [200]]);
    const elsewhere = { idleSinceMs: 600, limit: 1, repository: 'other/name' };
    assert.deepEqual(await store.questions.staleChangesets(elsewhere), { count: 0, oldest: [] });
  });

  test(`${name}: figures of changesets follow whatever their lives are made of (C-24, F-601)`, async t => {
    const { store, query } = await open(t);
    const ids = await storeChangesets(store, [
      { createdAtMs: 100, mergedAtMs: 400, state: 'merged' },
      { createdAtMs: 100, state: 'closed', closedAtMs: 250 },
      { createdAtMs: 300, additions: undefined },
      { createdAtMs: 900 },
      { createdAtMs: 250, mergedAtMs: 350, state: 'merged', additions: 90 },
    ]);
    const event = {
      hostKind: 'x',
      order: 0,
      actorIsBot: false,
      commit: null,
      checkName: null,
      checkState: null,
    };
    await store.changesets.addEvents(ids[0] ?? 0, [
      { ...event, id: 'b', kind: 'review', atMs: 350, actor: 'bob', review: 'approved', subject: null },
      { ...event, id: 'a', kind: 'commit', atMs: 120, actor: 'ada', review: null, subject: 'x' },
      { ...event, id: 'c', kind: 'comment', atMs: 110, actor: 'ada', review: null, subject: null },
    ]);
    const asked = { sinceMs: 200, untilMs: 800, upToLines: [10] };
    const one = (ms: number) => ({ count: 1, p50: ms, p75: ms, p90: ms });
    const none = { count: 0, p50: null, p75: null, p90: null };
    const figures = {
      timeToFirstReviewMs: none,
      reviewRounds: { count: 2, p50: 0, p75: 1, p90: 1 },
      cycleMs: { count: 2, p50: 100, p75: 300, p90: 300 },
      draftMs: { count: 2, p50: 0, p75: 0, p90: 0 },
      firstReviewMs: one(250),
      inReviewMs: one(0),
      waitForMergeMs: one(50),
      cycleBySizeMs: [one(300), one(100)],
      days: [{ day: 0, opened: 2, merged: 2, closed: 1 }],
    };
    assert.deepEqual(await store.questions.changesetFigures(asked), figures);
    assert.deepEqual(await store.questions.changesetFigures({ ...asked, repository: 'OWNER/name' }), figures);
    assert.deepEqual(await store.questions.mergedCycles(asked), [
      { mergedAtMs: 350, cycleMs: 100 },
      { mergedAtMs: 400, cycleMs: 300 },
    ]);
    assert.deepEqual(
      await store.questions.mergedCycles({ ...asked, untilMs: 400, repository: 'owner/NAME' }),
      [{ mergedAtMs: 350, cycleMs: 100 }],
    );
    const elsewhere = await store.questions.changesetFigures({ ...asked, host: 'elsewhere' });
    assert.deepEqual([elsewhere.cycleMs, elsewhere.cycleBySizeMs, elsewhere.days], [none, [none, none], []]);

    // By whoever writes, a person and an older station included.
    await query("UPDATE changesets SET author = 'bob' WHERE id = ?", ids[0] ?? 0);
    assert.deepEqual((await store.questions.changesetFigures(asked)).firstReviewMs, none);
    await query('UPDATE changesets SET created_at_ms = NULL, merged_at_ms = NULL WHERE id = ?', ids[0] ?? 0);
    assert.deepEqual((await store.questions.changesetFigures(asked)).cycleMs, one(100));
    await query('DELETE FROM changeset_lives');
    await query('INSERT INTO changeset_lives_due (changeset_id) SELECT id FROM changesets');
    const stopped = new AbortController();
    stopped.abort(new Error('stopping'));
    await assert.rejects(store.changesets.makeLives(stopped.signal), /stopping/);
    await store.changesets.makeLives();
    assert.deepEqual(await query('SELECT * FROM changeset_lives_due'), []);
    assert.deepEqual((await store.questions.changesetFigures(asked)).cycleMs, one(100));
  });

  test(`${name}: reviews are counted by reviewer and day; those of authors, programs and drafts of reviews are none (W-100)`, async t => {
    const { store } = await open(t);
    const day = DAY_SECONDS * 1000;
    const [ours = 0, old = 0, other = 0] = await storeChangesets(store, [
      { updatedAtMs: 4 * day, lastChangeAtMs: 4 * day },
      // The host has not told that it changed; its events have.
      { updatedAtMs: 1, lastChangeAtMs: 3 * day },
      { updatedAtMs: 4 * day, author: undefined, repository: 'other/name' },
    ]);
    const event = { hostKind: 'x', order: 0, commit: null, checkName: null, checkState: null, subject: null };
    let id = 0;
    const review = (actor: string | null, atMs: number, more: object = {}) => ({
      ...{ ...event, id: `r${++id}`, kind: 'review' as const, actor, atMs, actorIsBot: false },
      review: 'approved' as const,
      ...more,
    });
    await store.changesets.addEvents(ours, [
      review('bob', 2 * day),
      review('bob', 3 * day - 1, { review: 'commented' }),
      review('bob', 3 * day),
      review('ada', 2 * day),
      review('lint', 2 * day, { actorIsBot: true }),
      review('cy', 2 * day, { review: 'pending' }),
      review(null, 2 * day),
      review('cy', 2 * day - 1),
      review('cy', 4 * day),
      { ...review('cy', 2 * day), kind: 'comment', review: null },
    ]);
    await store.changesets.addEvents(old, [review('cy', 3 * day, { review: 'changes_requested' })]);
    await store.changesets.addEvents(other, [review('bob', 2 * day), review('ada', 2 * day)]);
    const window = { sinceMs: 2 * day, untilMs: 4 * day };
    assert.deepEqual(await store.questions.reviewsByDay({ ...window, repository: 'owner/name' }), [
      { reviewer: 'bob', day: 2, reviews: 2 },
      { reviewer: 'bob', day: 3, reviews: 1 },
      { reviewer: 'cy', day: 3, reviews: 1 },
    ]);
    assert.deepEqual(await store.questions.reviewsByDay(window), [
      { reviewer: 'ada', day: 2, reviews: 1 },
      { reviewer: 'bob', day: 2, reviews: 3 },
      { reviewer: 'bob', day: 3, reviews: 1 },
      { reviewer: 'cy', day: 3, reviews: 1 },
    ]);
    assert.deepEqual(await store.questions.reviewsByDay({ ...window, host: 'elsewhere' }), []);
  });

  test(`${name}: an e-mail is one person in whatever case and under however many names: days and hot spots count them so (W-101)`, async t => {
    const { store } = await open(t);
    const files = { a: [1, 0] as const };
    const id = await storeHistory(store, '/one', [
      { who: 'Ada', at: 5 * DAY_SECONDS, files },
      { who: 'ADA', email: 'Ada@Example.org', at: 9 * DAY_SECONDS, files },
      { who: 'Ada L.', email: 'ada@example.org', at: 7 * DAY_SECONDS, files },
      { who: 'Grace', email: '', at: 7 * DAY_SECONDS, files },
      { who: 'Alan', email: '', at: 8 * DAY_SECONDS, files },
    ]);
    const scope = { repositoryIds: [id] };
    const days = await store.questions.daysByPerson(scope);
    assert.deepEqual(days.map(String).sort(), ['5,7,9', '7', '8']);
    assert.equal((await store.questions.mostChangedFiles(scope, 1))[0]?.people, 3);
    const factor = busFactor(await store.questions.commitsByPerson(scope));
    assert.deepEqual([factor.factor, factor.people, factor.few[0]?.commits], [1, 3, 3]);
  });

  test(`${name}: what is in trouble is counted by cause, with the latest of each`, async t => {
    const { store } = await open(t);
    const { repositories, questions, changesets } = store;
    assert.deepEqual([await questions.troubledRepositories(), await questions.failingChangesets()], [[], []]);
    for (const [url, lastBakedAtMs] of [
      ['/a', 1],
      ['/b', 9],
      ['/c', 5],
    ] as const) {
      const { id } = await repositories.ensure(url, 'local');
      await repositories.update(id, { state: 'gone', lastBakedAtMs, lastError: 'not there' });
    }
    await repositories.update((await repositories.ensure('/d', 'local')).id, { state: 'ok' });
    assert.deepEqual(await questions.troubledRepositories(), [
      { stage: 'gone', code: null, subject: '/b', count: 3, example: '/b: not there', lastAtMs: 9 },
    ]);
    const [first = 0, second = 0] = await storeChangesets(store, [{ syncedAtMs: 3 }, { syncedAtMs: 2 }, {}]);
    const late = toErrorRecord(new SluiceError('timed_out', 'late'));
    await changesets.recordFailure(first, late, 1);
    await changesets.recordFailure(second, { ...late, message: 'later' }, 2);
    assert.deepEqual(await questions.failingChangesets(), [
      {
        ...{ stage: null, code: 'timed_out', subject: 'https://h/owner/name/pull/1' },
        ...{ count: 2, example: 'late', lastAtMs: 3 },
      },
    ]);
    await store.check();
    await store.close();
    await assert.rejects(store.check());
  });
}

/** Commits without churn. */
async function writeCommits(store: Store, repositoryId: number, count: number): Promise<void> {
  const who = { name: 'Ada', email: 'ada@example.org' };
  const rows = Array.from({ length: count }, (_, index): CommitRow => {
    const hash = `${repositoryId}${index}`.padEnd(40, '0');
    return {
      ...{ hash, parents: [], author: who, committer: who, subject: '', signed: false, coAuthors: [] },
      ...{ authoredAt: 1, authoredZone: 0, committedAt: 1, committedZone: 0 },
    };
  });
  const writer = store.history(repositoryId);
  await writer.begin(new Map());
  await writer.append(rows, count);
  await writer.finish(0);
}

const SYNCED: SyncedChangeset = {
  repository: 'owner/name',
  url: 'https://h/owner/name/pull/1',
  hostId: 'id',
  state: 'open',
  title: 'T',
  author: 'ada',
  authorIsBot: false,
  headBranch: 'f',
  headCommit: 'aa',
  headRepository: undefined,
  baseBranch: 'main',
  baseCommit: 'bb',
  createdAtMs: 1,
  updatedAtMs: 2,
  mergedAtMs: undefined,
  closedAtMs: undefined,
  additions: 3,
  deletions: 4,
  changedFiles: 5,
  labels: [],
  reviewState: 'none',
  checkState: undefined,
  mergeable: true,
  syncedAtMs: 10,
  lastChangeAtMs: 2,
  unseen: null,
};

/** Changesets as syncs saw them. @returns their ids */
export async function storeChangesets(
  store: Store,
  synced: readonly Partial<SyncedChangeset>[],
): Promise<number[]> {
  const wanted = synced.map((_, index) => ({
    ...{ host: 'h', repository: 'owner/name', number: index + 1 },
    ...{ key: `k${index}`, url: `https://h/owner/name/pull/${index + 1}` },
  }));
  await store.apply([followChangesets(wanted, 'hand', 1)]);
  const known = await store.changesets.byKeys(wanted.map(({ key }) => key));
  const ids = wanted.map(({ key }) => known.get(key)?.id ?? 0);
  const seen = synced.map((fields, index) => ({ ...SYNCED, url: wanted[index]?.url ?? '', ...fields }));
  await store.apply(seen.map((changeset, index) => recordSync(ids[index] ?? 0, changeset, 1)));
  return ids;
}
