/**
 * Delivery as a process of its own, to be killed: `delivery-process.ts ROOT DATABASE ENDPOINT REGION`. Prints `ready`
 * once started, and runs until it is killed or its standard input ends.
 */
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { Delivery } from '../../src/deliver/service.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { openStore } from './delivery.ts';
import { DELIVERY_DEFAULTS } from './delivery-settings.ts';
import { profileFor } from './s3-profile.ts';
import { TEST_CREDENTIAL } from './s3-server/server.ts';

const [root = '', database = '', endpoint = '', region = ''] = process.argv.slice(2);
const delivery = new Delivery({
  plan: async () => ({
    root,
    profiles: [profileFor({ endpoint, region, credential: TEST_CREDENTIAL }, { name: 'cloud' })],
    settings: {
      ...DELIVERY_DEFAULTS,
      intervalMs: 100,
      emptyFiles: 'upload',
      smallAtOnce: 16,
      partsAboveBytes: 6 * 2 ** 20,
      partBytes: 5 * 2 ** 20,
      retry: { ...DELIVERY_DEFAULTS.retry, firstMs: 50, factor: 1 },
    },
  }),
  clock: systemClock,
  log: silentLogger,
  openJournal: () => openLocal(database, { clock: systemClock }).openJournal(),
  loadObjectStores: async () => openStore,
});
await delivery.start();
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', () => void delivery.stop().then(() => process.exit(0)));
