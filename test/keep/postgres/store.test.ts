import { churnWriterSuite } from '../../suites/churn-writer-suite.ts';
import { historyWriterSuite } from '../../suites/history-writer-suite.ts';
import { notificationStoreSuite } from '../../suites/notification-store-suite.ts';
import { peopleSuite } from '../../suites/people-suite.ts';
import { questionsSuite } from '../../suites/questions-suite.ts';
import { repositoryStoreSuite } from '../../suites/repository-store-suite.ts';
import { runStoreSuite } from '../../suites/run-store-suite.ts';
import { trackingStoreSuite } from '../../suites/tracking-store-suite.ts';
import { sharedPostgresStore } from '../../support/postgres/postgres-store.ts';

const open = await sharedPostgresStore();

/** The contracts of the store, but for what changes together with the schedule. */
for (const suite of [
  repositoryStoreSuite,
  runStoreSuite,
  trackingStoreSuite,
  notificationStoreSuite,
  peopleSuite,
  historyWriterSuite,
  churnWriterSuite,
  questionsSuite,
])
  suite('Postgres', open);
