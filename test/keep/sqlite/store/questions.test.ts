import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../../../src/keep/sqlite/database.ts';
import { changesetQuestions } from '../../../../src/keep/sqlite/store/questions/changesets.ts';
import { commitQuestions } from '../../../../src/keep/sqlite/store/questions/commits.ts';
import { hotSpotQuestions } from '../../../../src/keep/sqlite/store/questions/hot-spots.ts';
import { peopleQuestions } from '../../../../src/keep/sqlite/store/questions/people.ts';
import { troubleQuestions } from '../../../../src/keep/sqlite/store/questions/troubles.ts';
import { questionsSuite } from '../../../suites/questions-suite.ts';
import { openTestStore } from '../../../support/sqlite-store.ts';

questionsSuite('SQLite', openTestStore);

test('every question says of a damaged database that it is one', async () => {
  const fail = (): never => {
    throw Object.assign(new Error('database disk image is malformed'), { errcode: 11 });
  };
  const damaged: Database = Object.create(Database.prototype, {
    path: { value: 'sluice.db' },
    statement: { value: () => ({ get: fail, all: fail }) },
  });
  const scope = { repositoryIds: [1] };
  const { countOpenChangesets, changesetFigures, mergedCycles, staleChangesets } =
    changesetQuestions(damaged);
  const { activityByDay, commitsByHourOfWeek, lastCommits, unreadChurn } = commitQuestions(damaged);
  const { topAuthors, commitsByPerson, daysByPerson } = peopleQuestions(damaged);
  const { troubledRepositories, failingChangesets } = troubleQuestions(damaged);
  const answers = await Promise.allSettled<unknown>([
    countOpenChangesets({ idleSinceMs: 0, openedSinceMs: [0] }),
    changesetFigures({ sinceMs: 0, untilMs: 1, upToLines: [] }),
    mergedCycles({ sinceMs: 0, untilMs: 1 }),
    staleChangesets({ idleSinceMs: 0, limit: 1 }),
    activityByDay(scope),
    commitsByHourOfWeek(scope),
    lastCommits(scope),
    unreadChurn([1]),
    hotSpotQuestions(damaged).mostChangedFiles(scope, 1),
    topAuthors(scope, 1),
    commitsByPerson(scope),
    daysByPerson(scope),
    troubledRepositories(),
    failingChangesets(),
  ]);
  assert.deepEqual(
    answers.map(answer => answer.status === 'rejected' && answer.reason.code),
    answers.map(() => 'database_invalid'),
  );
});
