import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mailmapName } from '../../src/keep/store/people.ts';
import { type OpenStore, storeHistory } from './store-fixture.ts';

/** The contract of `PeopleStore`, and of questions about people that it changes. */
export function peopleSuite(name: string, open: OpenStore): void {
  test(`${name}: e-mails are merged and split by hand, without a look at history; later commits follow (R-26)`, async t => {
    const { store } = await open(t);
    const scope = {
      repositoryIds: [
        await storeHistory(store, '/one', [
          { who: 'Ada', at: 1 },
          { who: 'Ada', at: 2 },
          { who: 'Countess', at: 3 },
          { who: 'Grace', at: 4 },
        ]),
      ],
    };
    const names = async (): Promise<unknown> =>
      (await store.questions.topAuthors(scope, 10)).map(({ name: who, commits }) => `${who} ${commits}`);
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
    scope.repositoryIds.push(await storeHistory(store, '/two', [{ who: 'countess', at: 5 }]));
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

  test(`${name}: a page of people goes on behind the last of the one before, whoever came meanwhile (A-533)`, async t => {
    const { store } = await open(t);
    const commits = ['Ada', 'Ada', 'Bob', 'Cy', 'Cy', 'Di'].map((who, at) => ({ who, at }));
    await storeHistory(store, '/one', commits);
    const { list } = store.people;
    const all = await list({ limit: 9 });
    assert.deepEqual(
      all.map(({ name: who }) => who),
      ['Ada', 'Cy', 'Bob', 'Di'],
    );
    for (const [index, after] of all.entries())
      assert.deepEqual(await list({ after, limit: 9 }), all.slice(index + 1));
    const first = await list({ limit: 2 });
    await storeHistory(store, '/two', [
      { who: 'Eve', at: 9 },
      ...commits.map(({ at }) => ({ who: 'Zoe', at })),
    ]);
    const rest = await list({ after: first.at(-1), limit: 9 });
    assert.deepEqual(
      rest.map(({ name: who }) => who),
      ['Bob', 'Di', 'Eve'],
    );
  });

  test(`${name}: mailmaps say whose e-mails are; repositories behind the station's are told with their own (R-657)`, async t => {
    const { store } = await open(t);
    const own = Buffer.from([0xff, 10]);
    const commits = ['Ada', 'Countess', 'Bob'].map((who, at) => ({ who, at }));
    const first = await storeHistory(store, '/one', commits);
    const second = await storeHistory(store, '/two', [{ who: 'Eve', at: 1 }]);
    await store.repositories.ensure('/never-baked', 'local');
    const writer = store.history(first);
    await writer.keepMailmap(Buffer.from('before'));
    await writer.keepMailmap(own);
    const behind = async (station: string, after = 0) =>
      (await store.people.mailmapsBehind(station, after, 9)).map(({ repositoryId, mailmap }) => [
        repositoryId,
        mailmap && [...mailmap],
      ]);
    assert.deepEqual(await behind(''), []);
    assert.deepEqual(await behind('s'), [
      [first, [...own]],
      [second, undefined],
    ]);
    assert.deepEqual(await behind('s', first), [[second, undefined]]);
    // Another writer's walk is under way meanwhile.
    const walk = store.history(first);
    await walk.begin(new Map());
    const identity = { name: 'Ada', email: 'ada@example.org' };
    const countess = { name: 'Countess', email: 'countess@example.org' };
    const totals = await writer.map(mailmapName('o', 's'), [
      { from: identity, to: identity },
      { from: countess, to: identity },
    ]);
    assert.equal(totals.authors, 2);
    await walk.finish(1);
    assert.deepEqual(await behind('s'), [[second, undefined]]);
    assert.deepEqual(await behind('other'), [
      [first, [...own]],
      [second, undefined],
    ]);
    const people = await store.people.list({ limit: 9 });
    assert.deepEqual(
      people.map(one => [one.name, one.commits, one.mailmapped]),
      [
        ['Ada', 2, ['countess@example.org']],
        ['Bob', 1, []],
        ['Eve', 1, []],
      ],
    );
    assert.deepEqual((await store.people.setBot('ada@example.org', false)).mailmapped, [
      'countess@example.org',
    ]);
  });

  test(`${name}: who is not one person is kept until that is taken back (W-54)`, async t => {
    const { store } = await open(t);
    const { people } = store;
    const pair = { one: 'a <a@example.org>', other: 'b <b@example.org>' };
    await people.refuse([pair, { one: 'a', other: 'c' }], true);
    await people.refuse([pair], true);
    assert.deepEqual(await people.refusals(), [{ one: 'a', other: 'c' }, pair]);
    await people.refuse([{ one: 'a', other: 'c' }], false);
    assert.deepEqual(await people.refusals(), [pair]);
  });

  test(`${name}: people are counted as they are listed (W-55)`, async t => {
    const { store } = await open(t);
    const commits = ['Ada', 'Ada', 'Bob', 'deploy bot'].map((who, at) => ({ who, at }));
    await storeHistory(store, '/one', commits);
    for (const filter of [{}, { text: 'ADA' }, { text: 'nobody' }, { bots: 'exclude' as const }])
      assert.equal(
        await store.people.count(filter),
        (await store.people.list({ ...filter, limit: 9 })).length,
        JSON.stringify(filter),
      );
  });

  test(`${name}: programs are known by their names, or as somebody says (R-27)`, async t => {
    const { store } = await open(t);
    const repositoryIds = [
      await storeHistory(store, '/one', [
        { who: 'dependabot[bot]', at: 1 },
        { who: 'github-actions', at: 2 },
        { who: 'Abbot', at: 3 },
        { who: 'Robot-Bot', at: 4 },
        { who: 'Ada', at: 5 },
      ]),
    ];
    const people = async (): Promise<unknown> =>
      (await store.questions.topAuthors({ repositoryIds, withoutBots: true }, 10)).map(
        ({ name: who }) => who,
      );
    assert.deepEqual(await people(), ['Abbot', 'Ada']);
    assert.equal((await store.people.setBot('ABBOT@example.org', true)).botByHand, true);
    await store.people.setBot('robot-bot@example.org', false);
    assert.deepEqual(await people(), ['Ada', 'Robot-Bot']);
    await store.people.setBot('abbot@example.org', null);
    assert.deepEqual(await people(), ['Abbot', 'Ada', 'Robot-Bot']);
    const bots = await store.people.list({ bots: 'only', text: 'DEPEND', limit: 5 });
    assert.deepEqual(
      bots.map(({ name: who }) => who),
      ['dependabot[bot]'],
    );
  });
}
