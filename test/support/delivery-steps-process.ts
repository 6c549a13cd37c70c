/**
 * Delivery as a process that kills itself at one of its steps: `delivery-steps-process.ts BASE KILL_AT`. A step is the
 * moment before or after an effect that stays: a rename, a removal, a change of the journal, a call that changes the
 * object store. Each is a line of `BASE/steps` beforehand. Without a kill (0) it ends by itself once all files have ended.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { SluiceError } from '../../src/base/errors.ts';
import { nativeFileCalls } from '../../src/base/files/calls.ts';
import { silentLogger } from '../../src/base/log.ts';
import { Delivery } from '../../src/deliver/service.ts';
import { DirectoryStore } from '../../src/keep/buckets/directory/store.ts';
import type { Profile } from '../../src/keep/buckets/object-store-definition.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { DELIVERY_DEFAULTS } from './delivery-settings.ts';
import { STEP_FILES, STEP_FOLDERS, STEP_PROFILE } from './delivery-steps.ts';

const [base = '', killAt = '0'] = process.argv.slice(2);
let steps = 0;

function step(what: string): void {
  steps += 1;
  appendFileSync(join(base, 'steps'), `${what}\n`);
  if (steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

/** The same object, with a step before and after each of the calls named. */
function stepped<T extends object>(
  target: T,
  calls: readonly string[],
  subject: (args: unknown[]) => string,
): T {
  return new Proxy(target, {
    get(real, name) {
      const value: unknown = Reflect.get(real, name);
      if (typeof value !== 'function') return value;
      if (!calls.includes(String(name))) return value.bind(real);
      return (...args: unknown[]) => {
        const what = `${String(name)} ${subject(args)}`;
        step(`before ${what}`);
        const result: unknown = value.apply(real, args);
        if (!(result instanceof Promise)) {
          step(`after ${what}`);
          return result;
        }
        return result.then(answer => {
          step(`after ${what}`);
          return answer;
        });
      };
    },
  });
}

const FILE_CALLS = ['renameAt', 'unlinkAt'];
const JOURNAL_CALLS = [
  'enter',
  'change',
  'changeIf',
  'changeUnmoved',
  'recordAttempt',
  'merge',
  'release',
  'saveUpload',
  'savePart',
  'dropUpload',
];
const STORE_CALLS = ['putObject', 'createUpload', 'uploadPart', 'completeUpload', 'abortUpload'];

const delivery = new Delivery({
  plan: async () => ({
    root: join(base, 'station'),
    profiles: [
      { kind: 'directory', name: STEP_PROFILE, provider: 'directory', path: join(base, 'store') } as Profile,
    ],
    settings: {
      ...DELIVERY_DEFAULTS,
      intervalMs: 50,
      partsAboveBytes: 2 ** 20,
      partBytes: 2 ** 20,
      folders: STEP_FOLDERS.map(after => ({
        path: join(base, after),
        profile: STEP_PROFILE,
        bucket: 'bucket',
        prefix: after,
        settleMs: 0,
        after,
      })),
    },
  }),
  clock: systemClock,
  log: silentLogger,
  files: { calls: stepped(nativeFileCalls(), FILE_CALLS, ([entry]) => (entry as { name: string }).name) },
  openJournal: async () => {
    const journal = await openLocal(join(base, 'sluice.db'), { clock: systemClock }).openJournal();
    return stepped(journal, JOURNAL_CALLS, ([id]) => (typeof id === 'object' ? '' : String(id)));
  },
  loadObjectStores: async () => profile => {
    const store = new DirectoryStore(profile as ConstructorParameters<typeof DirectoryStore>[0], {
      clock: systemClock,
    });
    const putObject = store.putObject.bind(store);
    store.putObject = (at, ...rest) => {
      if (at.key.includes('denied')) throw new SluiceError('access_denied', 'this one may not be stored');
      return putObject(at, ...rest);
    };
    return stepped(
      store,
      STORE_CALLS,
      ([at, part]) => `${(at as { key?: string }).key ?? ''}${typeof part === 'number' ? `#${part}` : ''}`,
    );
  },
});
await delivery.start();
while (
  delivery.journal.list({}).filter(({ state }) => state === 'completed' || state === 'failed').length <
  STEP_FILES
)
  await systemClock.sleep(20);
process.exit(0);
