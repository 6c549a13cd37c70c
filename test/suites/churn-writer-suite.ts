import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitOf, idOf } from './history-writer-suite.ts';
import type { OpenStore } from './store-fixture.ts';

/** The contract of `ChurnWriter`. */
export function churnWriterSuite(name: string, open: OpenStore): void {
  const start = async (t: Parameters<OpenStore>[0]) => {
    const { store } = await open(t);
    const { id } = await store.repositories.ensure('https://h/a', 'h');
    const history = store.history(id);
    await history.begin(new Map());
    const commits = [1, 2, 3].map(number => commitOf(number));
    await history.append(commits, commits.length);
    await history.finish(0);
    const sums = async () => {
      const [day] = await store.questions.activityByDay({ repositoryIds: [id] });
      return day && [day.commits, day.files, day.added, day.removed];
    };
    return { store, history, churn: store.churn(id), sums };
  };
  const files = [
    { path: 'a', added: 2, removed: 1 },
    { path: 'bin', added: null, removed: null },
  ];

  test(`${name}: commits wait for their churn in order, and no longer once it is stored`, async t => {
    const { churn, sums } = await start(t);
    const waiting = await churn.waiting(9);
    assert.deepEqual(
      waiting.map(({ hash }) => hash),
      [1, 2, 3].map(idOf),
    );
    const [first, second, third] = waiting;
    assert.ok(first && second && third);
    assert.deepEqual(await churn.waiting(1), [first]);
    await churn.append(
      [
        { ...first, files },
        { ...third, files: [] },
      ],
      first.id,
    );
    assert.deepEqual(await churn.waiting(9), [second]);
    assert.deepEqual(await sums(), [3, 2, 2, 1], 'a binary file is a file without lines');
    await churn.append([], third.id);
    assert.deepEqual(await churn.waiting(9), [], 'none up to the cursor is asked for again');
  });

  test(`${name}: churn that is there already, and that of commits that are gone, is passed over`, async t => {
    const { churn, history, sums } = await start(t);
    const [first, second] = await churn.waiting(9);
    assert.ok(first && second);
    await churn.append([{ ...first, files }], 0);
    await churn.append([{ ...first, files }], 0);
    assert.deepEqual(await sums(), [3, 2, 2, 1]);
    await history.remove([second.hash]);
    await churn.append([{ ...second, files }], 0);
    assert.deepEqual(await sums(), [2, 2, 2, 1]);
    await history.remove([first.hash]);
    assert.deepEqual(await sums(), [1, 0, 0, 0], 'churn goes with its commit');
  });
}
