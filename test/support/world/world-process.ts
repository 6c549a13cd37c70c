/**
 * Delivery as a process of its own in a world of trouble: `world-process.ts OPTIONS`, the options as JSON. Takes what
 * is wrong with this machine as lines of JSON from its standard input, prints `ready` once started, and ends with its
 * input.
 */
import { createInterface } from 'node:readline';
import { asFileError } from '../../../src/base/errors.ts';
import { callError, fileCalls } from '../../../src/base/files/calls.ts';
import { createLogger } from '../../../src/base/log-output.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { CredentialsWatch } from '../../../src/deliver/credentials-watch.ts';
import type { DeliveryPlan } from '../../../src/deliver/plan.ts';
import { Delivery } from '../../../src/deliver/service.ts';
import type { Profile } from '../../../src/keep/buckets/object-store-definition.ts';
import { findProfiles } from '../../../src/keep/buckets/profiles.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { S3Store } from '../../../src/keep/buckets/s3/store.ts';
import { openLocal } from '../../../src/keep/sqlite/open-local.ts';
import { BentClock } from '../bent-clock.ts';
import { bentStore } from '../bent-store.ts';
import { openStore } from '../delivery.ts';
import { DELIVERY_DEFAULTS } from '../delivery-settings.ts';
import { interrupted } from '../file-calls.ts';
import { EXPORTED, EXPORTS } from './files.ts';
import { type Machine, NO_TROUBLE, type WorldProcessOptions } from './machine.ts';

const MIB = 2 ** 20;
const options = JSON.parse(process.argv[2] ?? '{}') as WorldProcessOptions;
const random = seededRandom(options.seed);
const clock = new BentClock();
const log = await createLogger({ level: 'debug', forPeople: false });
let machine: Machine = NO_TROUBLE;

function become(next: Machine): void {
  clock.jump(next.clockMs - machine.clockMs);
  machine = next;
}

/** Whether a call for files of that sort fails now. */
const strikes = (at: Machine['errnoAt']): boolean => machine.errnoAt === at && random() < machine.share;

const calls = interrupted(fileCalls(), (call, path) => {
  const at = path.includes(EXPORTED) ? 'folder' : 'spool';
  if (strikes(at)) throw callError(machine.errno, call, path);
});

const profiles = (): Promise<readonly Profile[]> =>
  findProfiles(
    {
      deliver: {
        credentials: undefined,
        onlyCredentials: options.credentials,
        directory: options.root,
        strictProfiles: true,
        proxy: {},
      },
      env: {},
    },
    log,
  );

const plan = async (): Promise<DeliveryPlan> => ({
  root: options.root,
  profiles: await profiles(),
  settings: {
    ...DELIVERY_DEFAULTS,
    intervalMs: 1000,
    emptyFiles: 'upload',
    smallAtOnce: 32,
    partsAboveBytes: 6 * MIB,
    partBytes: 5 * MIB,
    // Whatever lasts, nothing is given up by count: what is in `failed` has another reason.
    retry: { ...DELIVERY_DEFAULTS.retry, firstMs: 200, maxMs: 2000, maxRetries: 1_000_000 },
    probeIntervalMs: 1000,
    missingBucketMs: 1000,
    folders: [
      {
        path: options.exports,
        profile: 'cloud',
        bucket: 'bucket',
        prefix: EXPORTS.slice(0, -1),
        settleMs: 500,
        after: 'delete',
      },
    ],
  },
});

const delivery = new Delivery({
  plan,
  rereadProfiles: profiles,
  clock,
  log,
  files: { calls },
  openJournal: () => openLocal(options.database, { clock }).openJournal(),
  loadObjectStores: async (_, reread) => profile => {
    if (profile.kind !== 's3')
      return bentStore(openStore(profile), () => {
        if (!strikes('target')) return undefined;
        const error = Object.assign(new Error(`errno ${machine.errno}`), {
          errno: -machine.errno,
          path: `${options.target}/x`,
        });
        return asFileError(error, { operation: 'put object', subject: 'a file' });
      }).store;
    return new S3Store(profile as S3Profile, {
      clock,
      idleTimeoutMs: 1500,
      connectTimeoutMs: 1000,
      answerTimeoutMs: 3000,
      reread: async () =>
        (await reread?.())?.find(({ name }) => name === profile.name) as S3Profile | undefined,
    });
  },
});
const watch = new CredentialsWatch({
  paths: () => [options.credentials],
  onChange: async () => void (await delivery.reconfigure(await plan())),
  clock,
  log,
});

const lines = createInterface({ input: process.stdin });
let isStarted = false;
lines.on('line', line => {
  become(JSON.parse(line) as Machine);
  if (!isStarted) void start();
  isStarted = true;
});
lines.on('close', () => void stop());

async function start(): Promise<void> {
  await delivery.start();
  await watch.start();
  process.stdout.write('ready\n');
}

async function stop(): Promise<void> {
  await watch.stop();
  await delivery.stop();
  process.exit(0);
}
