import type { Store } from '../store/store.ts';
import { pathQuestions, withPaths } from '../store/touched/path-questions.ts';
import { PostgresDatabase, type PostgresOptions } from './database.ts';
import { applyChanges } from './store/changes.ts';
import { createChangesetStore } from './store/changesets/changesets.ts';
import { createSharedCalls } from './store/changesets/shared-calls.ts';
import { PostgresChurnWriter } from './store/churn-writer.ts';
import { PostgresHistoryWriter } from './store/history/writer.ts';
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
import { PostgresTables } from './store/tables.ts';
import { createTrackingStore } from './store/tracking.ts';

/** A store together with its database, which the work queue shares. */
export interface PostgresStore extends Store {
  readonly database: PostgresDatabase;
}

/** Opens the store on a Postgres, its schema made if it is not there. Throws `database_*`, `config_invalid`. */
export async function openPostgresStore(options: PostgresOptions): Promise<PostgresStore> {
  const database = await PostgresDatabase.open(options);
  return {
    database,
    repositories: createRepositoryStore(database),
    runs: createRunStore(database),
    tracking: createTrackingStore(database),
    stations: createStationStore(database),
    sharedCalls: createSharedCalls(database),
    notifications: createNotificationStore(database),
    people: createPeopleStore(database),
    churn: (repositoryId, claim) => new PostgresChurnWriter(database, repositoryId, claim),
    changesets: createChangesetStore(database),
    history: (repositoryId, claim) => new PostgresHistoryWriter(database, repositoryId, claim),
    questions: {
      ...withPaths(pathQuestions(changeSource(database)), {
        ...commitQuestions(database),
        ...peopleQuestions(database),
      }),
      ...hotSpotQuestions(database),
      ...changesetQuestions(database),
      ...troubleQuestions(database),
    },
    outage: () => database.outage,
    onOutage: listener => database.onOutage(listener),
    tables: new PostgresTables(database),
    async check() {
      await database.query('SELECT FROM repositories LIMIT 1');
    },
    apply: changes => database.transaction(transaction => applyChanges(transaction, changes)),
    close: () => database.close(),
  };
}
