import type { Store } from '../store/store.ts';
import { pathQuestions, withPaths } from '../store/touched/path-questions.ts';
import { Database, type DatabaseOptions } from './database.ts';
import { applyChanges } from './store/changes.ts';
import { createChangesetStore } from './store/changesets/changesets.ts';
import { SqliteChurnWriter } from './store/churn-writer.ts';
import { SqliteHistoryWriter } from './store/history/writer.ts';
import { createNotificationStore } from './store/notifications.ts';
import { createPeopleStore } from './store/people.ts';
import { changeSource } from './store/questions/changes.ts';
import { changesetQuestions } from './store/questions/changesets.ts';
import { commitQuestions } from './store/questions/commits.ts';
import { hotSpotQuestions } from './store/questions/hot-spots.ts';
import { peopleQuestions } from './store/questions/people.ts';
import { troubleQuestions } from './store/questions/troubles.ts';
import { createRepositoryStore } from './store/repositories.ts';
import { createRunStore } from './store/runs.ts';
import { createStationStore } from './store/stations.ts';
import { SqliteTables } from './store/tables.ts';
import { createTrackingStore } from './store/tracking.ts';

/** A store together with its database, which the work queue shares. */
export interface SqliteStore extends Store {
  readonly database: Database;
}

/**
 * Opens the store in a SQLite file, made if it is not there. Throws `database_*`, `disk_*`.
 * @param url a path; `:memory:` is one that is gone when it is closed
 */
export async function openStore(url: string, options: Omit<DatabaseOptions, 'path'>): Promise<SqliteStore> {
  const database = await Database.open({ path: url, ...options });
  return {
    database,
    repositories: createRepositoryStore(database),
    runs: createRunStore(database),
    tracking: createTrackingStore(database),
    sharedCalls: undefined,
    stations: createStationStore(database, options.clock),
    notifications: createNotificationStore(database),
    people: createPeopleStore(database),
    churn: (repositoryId, claim) => new SqliteChurnWriter(database, repositoryId, claim),
    changesets: createChangesetStore(database),
    history: (repositoryId, claim) => new SqliteHistoryWriter(database, repositoryId, claim),
    questions: {
      ...withPaths(pathQuestions(changeSource(database)), {
        ...commitQuestions(database),
        ...peopleQuestions(database),
      }),
      ...hotSpotQuestions(database),
      ...changesetQuestions(database),
      ...troubleQuestions(database),
    },
    outage: () => undefined,
    onOutage: () => () => undefined,
    tables: new SqliteTables(database),
    async check() {
      database.read(() => database.statement('SELECT count(*) AS known FROM repositories').get());
    },
    apply: changes => database.write(() => applyChanges(database, changes)),
    close: () => database.close(),
  };
}
