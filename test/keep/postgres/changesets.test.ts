import { changesetStoreSuite } from '../../suites/changeset-store-suite.ts';
import { sharedPostgresStoreAndQueue } from '../../support/postgres/postgres-store.ts';

changesetStoreSuite('Postgres', await sharedPostgresStoreAndQueue());
