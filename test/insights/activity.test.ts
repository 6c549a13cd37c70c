import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPlausibleDay } from '../../src/insights/activity.ts';
import { INSIGHTS, type Question } from '../../src/insights/catalogue.ts';
import type { DatedScope, Questions, Scope } from '../../src/keep/store/questions.ts';

const NOW_MS = Date.UTC(2026, 0, 5, 12);
const TODAY = Math.floor(NOW_MS / 86_400_000);
const FAR = 2_932_896;

test('days on which nothing can have been committed are in no chart, unless somebody asks about them (R-112)', async () => {
  assert.deepEqual(
    [0, 1, TODAY, TODAY + 1, TODAY + 2, FAR].map(day => isPlausibleDay(day, NOW_MS)),
    [false, true, true, true, false, false],
  );
  const activity = [0, TODAY - 1, TODAY, FAR].map(day => ({
    day,
    commits: 1,
    merges: 0,
    files: 0,
    added: 0,
    removed: 0,
  }));
  const questions = {
    activityByDay: async () => activity,
    daysByPerson: async () => [
      [0, TODAY - 1],
      [TODAY, FAR],
    ],
  } as unknown as Questions;
  const starts = async (name: string, scope: Partial<Question> = {}): Promise<unknown[]> => {
    const insight = INSIGHTS.find(each => each.name === name);
    const rows = await insight?.rows(questions, {
      by: 'day',
      limit: 9,
      nowMs: NOW_MS,
      repositoryIds: [1],
      ...scope,
    });
    return rows?.map(({ start }) => start) ?? [];
  };
  assert.deepEqual(await starts('commits'), ['2026-01-04', '2026-01-05']);
  assert.deepEqual(await starts('contributors'), ['2026-01-04', '2026-01-05']);
  assert.deepEqual(await starts('commits', { untilDay: FAR + 1 }), [
    '2026-01-04',
    '2026-01-05',
    '9999-12-31',
  ]);
  assert.deepEqual(await starts('commits', { sinceDay: 0 }), ['1970-01-01', '2026-01-04', '2026-01-05']);
});

test('the punch card and the last commit look at days that can be, unless somebody asks about others (R-112)', async () => {
  const scopes: Scope[] = [];
  const note = async (scope: Scope): Promise<never[]> => {
    scopes.push(scope);
    return [];
  };
  const questions = {
    commitsByHourOfWeek: note,
    lastCommits: note,
  } as unknown as Questions;
  const base = { by: 'day', limit: 9, nowMs: NOW_MS, repositoryIds: [1] } as const;
  for (const name of ['punch-card', 'last-commit'])
    for (const days of [{}, { sinceDay: 0 }, { untilDay: FAR }])
      await INSIGHTS.find(each => each.name === name)?.rows(questions, { ...base, ...days });
  assert.deepEqual(
    scopes.map(({ sinceDay, untilDay }) => [sinceDay, untilDay]),
    [1, 2].flatMap(() => [
      [1, TODAY + 2],
      [0, TODAY + 2],
      [1, FAR],
    ]),
  );
});

test('in tables of people and files such days are no first or last date, unless somebody asks about them (R-112)', async () => {
  const asked: DatedScope[] = [];
  const ask = async (scope: DatedScope): Promise<never[]> => {
    asked.push(scope);
    return [];
  };
  const questions = { topAuthors: ask, mostChangedFiles: ask } as unknown as Questions;
  const question = { by: 'day', limit: 9, nowMs: NOW_MS, repositoryIds: [1] } as const;
  for (const name of ['authors', 'hotspots']) {
    const insight = INSIGHTS.find(each => each.name === name);
    await insight?.rows(questions, question);
    await insight?.rows(questions, { ...question, sinceDay: 0, untilDay: FAR + 1 });
  }
  const [usual, everything] = [
    [undefined, undefined, 1, TODAY + 2],
    [0, FAR + 1, 0, FAR + 1],
  ];
  assert.deepEqual(
    asked.map(({ sinceDay, untilDay, datedSinceDay, datedUntilDay }) => [
      ...[sinceDay, untilDay, datedSinceDay, datedUntilDay],
    ]),
    [usual, everything, usual, everything],
  );
});
