import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { topAuthors } from '../../src/insights/authors.ts';
import { busFactor } from '../../src/insights/bus-factor.ts';
import { DAY_SECONDS, periodStart } from '../../src/insights/calendar.ts';
import { contributorsByPeriod } from '../../src/insights/contributors.ts';
import { activityByPeriod } from '../../src/insights/days.ts';
import { hotSpots } from '../../src/insights/hot-spots.ts';
import type { Scope } from '../../src/insights/insight-database.ts';
import { lastCommits } from '../../src/insights/last-commit.ts';
import { mergeShare } from '../../src/insights/merge-share.ts';
import { punchCard } from '../../src/insights/punch-card.ts';
import { openTestStore, type Told, tell } from './support.ts';

const WHO = ['Ada', 'Grace', 'Alan', 'renovate[bot]'];
const told: fc.Arbitrary<Told> = fc.record({
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
const scopeOf = fc.record({
  sinceDay: fc.option(fc.integer({ min: 90, max: 300 }), { nil: undefined }),
  untilDay: fc.option(fc.integer({ min: 301, max: 510 }), { nil: undefined }),
  withoutBots: fc.boolean(),
});

function inScope(
  commits: readonly Told[],
  { sinceDay = 0, untilDay = 1e9, withoutBots }: Omit<Scope, 'repositoryIds'>,
) {
  return commits.filter(({ at, who }) => {
    const day = Math.floor(at / DAY_SECONDS);
    return day >= sinceDay && day < untilDay && !(withoutBots && who === 'renovate[bot]');
  });
}

const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);
const linesOf = ({ files = {} }: Told, which: 0 | 1): number =>
  sum(Object.values(files).map(counts => counts[which] ?? 0));

test('every insight, over any set of repositories, days and people, is what counting the commits one by one gives', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(told, { maxLength: 60 }),
      fc.array(told, { maxLength: 20 }),
      scopeOf,
      fc.boolean(),
      async (first, second, window, both) => {
        const store = await openTestStore(t);
        const one = await tell(store, '/one', first);
        const other = await tell(store, '/other', second);
        const scope: Scope = { ...window, repositoryIds: both ? [one, other] : [one] };
        const commits = inScope(both ? [...first, ...second] : first, window);

        const months = await activityByPeriod(store, scope, 'month');
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
        const shares = await mergeShare(store, scope, 'month');
        assert.deepEqual(
          shares.map(({ share }) => share),
          months.map(month => (month.commits === 0 ? null : month.merges / month.commits)),
        );

        const people = [...Map.groupBy(commits, ({ who }) => who)]
          .map(([name, some]) => ({
            name,
            email: `${name.toLowerCase()}@example.org`,
            commits: some.length,
            added: sum(some.map(each => linesOf(each, 0))),
            removed: sum(some.map(each => linesOf(each, 1))),
            firstCommitAt: Math.min(...some.map(({ at }) => at)),
            lastCommitAt: Math.max(...some.map(({ at }) => at)),
          }))
          .sort((a, b) => b.commits - a.commits || (a.name < b.name ? -1 : 1));
        assert.deepEqual(await topAuthors(store, scope, 3), people.slice(0, 3));
        const factor = await busFactor(store, scope);
        const covered = (count: number): number => sum(people.slice(0, count).map(each => each.commits));
        assert.equal(factor.commits, commits.length);
        assert.equal(factor.people, people.length);
        assert.ok(covered(factor.factor) * 2 >= commits.length);
        if (factor.factor > 0) assert.ok(covered(factor.factor - 1) * 2 < commits.length);

        const card = (await punchCard(store, scope)).filter(hour => hour.commits > 0);
        const hours = Map.groupBy(commits, ({ at, zone = 0 }) => {
          const local = new Date((at + zone * 60) * 1000);
          return `${local.getUTCDay() || 7} ${local.getUTCHours()}`;
        });
        assert.deepEqual(
          Object.fromEntries(card.map(({ weekday, hour, commits: count }) => [`${weekday} ${hour}`, count])),
          Object.fromEntries([...hours].map(([hour, some]) => [hour, some.length])),
        );

        const last = await lastCommits(store, { ...scope, repositoryIds: [one] }, 600 * DAY_SECONDS * 1000);
        const newest = Math.max(...inScope(first, window).map(({ at }) => at));
        assert.deepEqual(last, [
          {
            repository: '/one',
            lastCommitAt: Number.isFinite(newest) ? newest : null,
            ageS: Number.isFinite(newest) ? 600 * DAY_SECONDS - newest : null,
          },
        ]);

        const spots = await hotSpots(store, { ...scope, repositoryIds: [one] }, 3);
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
        await store.close();
      },
    ),
    { numRuns: 25, endOnFailure: true },
  );
});

test('contributors are new once, lost after 90 days without a commit, and return from that', async t => {
  const store = await openTestStore(t);
  const on = (who: string, ...days: readonly number[]): Told[] =>
    days.map(day => ({ who, at: day * DAY_SECONDS + 5 }));
  // Days 0 to 30 are January 1970. Ada goes on, Grace stays away for 90 days and returns, Alan is lost.
  const id = await tell(store, '/one', [
    ...on('Ada', 0, 40, 100, 180),
    ...on('Grace', 10, 100),
    ...on('Alan', 5, 20),
  ]);
  const months = await contributorsByPeriod(store, { repositoryIds: [id] }, 'month', 200);
  assert.deepEqual(
    months.map(({ active, new: fresh, returning, lost }) => [active, fresh, returning, lost]),
    [
      [3, 3, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
      [2, 0, 1, 2],
      [0, 0, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ],
  );
  const before = await contributorsByPeriod(store, { repositoryIds: [id] }, 'month', 109);
  assert.equal(before.at(3)?.lost, 1, 'Alan has not been away for long enough by then');
  const since = await contributorsByPeriod(store, { repositoryIds: [id], sinceDay: 90 }, 'month', 200);
  assert.deepEqual([since[0]?.active, since[0]?.new, since[0]?.returning], [2, 0, 1]);
});

test('S10: e-mails are merged and split by hand, without a look at history; later commits follow', async t => {
  const store = await openTestStore(t);
  const scope = {
    repositoryIds: [
      await tell(store, '/one', [
        { who: 'Ada', at: 1 },
        { who: 'Ada', at: 2 },
        { who: 'Countess', at: 3 },
        { who: 'Grace', at: 4 },
      ]),
    ],
  };
  const names = async (): Promise<unknown> =>
    (await topAuthors(store, scope, 10)).map(({ name, commits }) => `${name} ${commits}`);
  assert.deepEqual(await names(), ['Ada 2', 'Countess 1', 'Grace 1']);
  const merged = await store.people.merge(['ada@example.org', 'COUNTESS@example.org']);
  assert.deepEqual(
    [merged.name, merged.commits, merged.emails],
    ['Ada', 3, ['ada@example.org', 'COUNTESS@example.org']],
  );
  assert.deepEqual(await names(), ['Ada 3', 'Grace 1']);
  // Merging with what is merged already, and a name that comes later under the same e-mail.
  await store.people.merge(['grace@example.org', 'countess@example.org']);
  assert.deepEqual(await names(), ['Grace 4']);
  scope.repositoryIds.push(await tell(store, '/two', [{ who: 'countess', at: 5 }]));
  assert.deepEqual(await names(), ['Grace 5']);
  await store.people.split(['ada@example.org', 'grace@example.org', 'countess@example.org'].slice(0, 2));
  assert.deepEqual(await names(), ['Ada 2', 'Countess 1', 'Grace 1', 'countess 1']);
  // One e-mail that two people have.
  assert.equal((await store.people.merge(['countess@example.org'])).commits, 2);
  await store.people.split(['countess@example.org']);
  assert.deepEqual(await names(), ['Ada 2', 'Countess 1', 'Grace 1', 'countess 1']);
  await assert.rejects(store.people.split(['ada@example.org']), /was not merged/);
  await assert.rejects(
    store.people.merge(['ada@example.org', 'nobody@example.org']),
    /nobody has the e-mail/,
  );
  await assert.rejects(store.people.merge(['ada@example.org', ' ']), /empty e-mail/);
  await assert.rejects(store.people.merge(['ada@example.org', 'ADA@example.org']), /two e-mails/);
});

test('S10: programs are known by their names, or as somebody says', async t => {
  const store = await openTestStore(t);
  const repositoryIds = [
    await tell(store, '/one', [
      { who: 'dependabot[bot]', at: 1 },
      { who: 'github-actions', at: 2 },
      { who: 'Abbot', at: 3 },
      { who: 'Robot-Bot', at: 4 },
      { who: 'Ada', at: 5 },
    ]),
  ];
  const people = async (): Promise<unknown> =>
    (await topAuthors(store, { repositoryIds, withoutBots: true }, 10)).map(({ name }) => name);
  assert.deepEqual(await people(), ['Abbot', 'Ada']);
  assert.equal((await store.people.setBot('ABBOT@example.org', true)).botByHand, true);
  await store.people.setBot('robot-bot@example.org', false);
  assert.deepEqual(await people(), ['Ada', 'Robot-Bot']);
  await store.people.setBot('abbot@example.org', null);
  assert.deepEqual(await people(), ['Abbot', 'Ada', 'Robot-Bot']);
  const bots = await store.people.list({ bots: 'only', text: 'DEPEND', limit: 5 });
  assert.deepEqual(
    bots.map(({ name }) => name),
    ['dependabot[bot]'],
  );
});
