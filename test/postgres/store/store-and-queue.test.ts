import { changesetStoreSuite } from '../../suites/changeset-store-suite.ts';
import { claimedWritesSuite } from '../../suites/claimed-writes-suite.ts';
import { sharedPostgresStoreAndQueue } from '../../support/postgres/postgres-store.ts';

const open = await sharedPostgresStoreAndQueue();

changesetStoreSuite('Postgres', open);
claimedWritesSuite('Postgres', open);
