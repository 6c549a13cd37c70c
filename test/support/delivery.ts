import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { EnclosureOptions } from '../../src/base/files/enclosure.ts';
import type { Mount } from '../../src/base/files/locations.ts';
import { type Logger, silentLogger } from '../../src/base/log.ts';
import type { Watch, WatchOptions } from '../../src/deliver/intake/watch/watch.ts';
import type { DeliveryPlan } from '../../src/deliver/plan.ts';
import { Delivery } from '../../src/deliver/service.ts';
import type { DeliverySettings } from '../../src/deliver/settings.ts';
import type { ObjectStore } from '../../src/keep/buckets/bucket.ts';
import type { DirectoryProfile } from '../../src/keep/buckets/directory/profile.ts';
import { DirectoryStore } from '../../src/keep/buckets/directory/store.ts';
import type { Profile } from '../../src/keep/buckets/object-store-definition.ts';
import type { S3Profile } from '../../src/keep/buckets/s3/profile.ts';
import { S3Store } from '../../src/keep/buckets/s3/store.ts';
import type { FileRecord, Journal, RecordFilter } from '../../src/keep/local/journal.ts';
import type { Pause } from '../../src/keep/local/pauses.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { DELIVERY_DEFAULTS } from './delivery-settings.ts';
import { tempDirectory } from './temp-directory.ts';

/** Opens a profile's store as a composition root does. */
export function openStore(profile: Profile): ObjectStore {
  return profile.kind === 'directory'
    ? new DirectoryStore(profile as DirectoryProfile, { clock: systemClock })
    : new S3Store(profile as S3Profile, { clock: systemClock, idleTimeoutMs: 5000, connectTimeoutMs: 2000 });
}

export interface Rig {
  readonly root: string;
  readonly delivery: Delivery;
  readonly plan: DeliveryPlan;
  readonly databasePath: string;
  /** Folder that the profile `local` delivers to. */
  readonly target: string;
  write(relative: string, content: string | Buffer): string;
  read(relative: string): Buffer;
  exists(relative: string): boolean;
  records(filter?: RecordFilter): FileRecord[];
  /** Resolves with a record of that path once it satisfies `check`. */
  until(filepath: string, check: (record: FileRecord) => boolean): Promise<FileRecord>;
  /** Stops, and starts another one on the same folders. */
  restart(settings?: Partial<DeliverySettings>): Promise<Rig>;
}

export interface RigOptions {
  readonly settings?: Partial<DeliverySettings>;
  readonly profiles?: readonly Profile[];
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly start?: boolean;
  readonly root?: string;
  readonly files?: EnclosureOptions;
  readonly readMounts?: () => readonly Mount[];
  readonly openWatch?: (options: WatchOptions) => Watch;
  /** What is paused; `delivery.pausesChanged()` says that it is different. */
  readonly pauses?: () => readonly Pause[];
  readonly openStore?: (profile: Profile) => ObjectStore;
  readonly openJournal?: (path: string, clock: Clock) => Promise<Journal>;
}

/** Delivery with a profile `local` of provider `directory` and its bucket `outbox`, in a temporary folder, started. */
export async function startDelivery(t: TestContext, options: RigOptions = {}): Promise<Rig> {
  const root = options.root ?? (await tempDirectory(t));
  const target = join(root, 'store');
  mkdirSync(join(target, 'outbox'), { recursive: true });
  const local: DirectoryProfile = { kind: 'directory', name: 'local', provider: 'directory', path: target };
  const clock = options.clock ?? systemClock;
  const plan: DeliveryPlan = {
    root: join(root, 'station'),
    profiles: options.profiles ?? [local],
    settings: { ...DELIVERY_DEFAULTS, intervalMs: 200, workers: 2, ...options.settings },
  };
  const databasePath = join(root, 'sluice.db');
  const delivery = new Delivery({
    plan: async () => plan,
    clock,
    files: options.files,
    readMounts: options.readMounts,
    openWatch: options.openWatch,
    pauses: options.pauses,
    log: options.log ?? silentLogger,
    openJournal: () =>
      (options.openJournal ?? ((path, clock) => openLocal(path, { clock }).openJournal()))(
        databasePath,
        clock,
      ),
    loadObjectStores: async () => options.openStore ?? openStore,
  });
  t.after(() => delivery.stop());
  if (options.start !== false) await delivery.start();
  const path = (relative: string): string => join(plan.root, relative);
  return {
    root: plan.root,
    delivery,
    plan,
    databasePath,
    target,
    write(relative, content) {
      mkdirSync(dirname(path(relative)), { recursive: true });
      writeFileSync(path(relative), content);
      return path(relative);
    },
    read: relative => readFileSync(path(relative)),
    exists: relative =>
      readdirSync(dirname(path(relative)), { withFileTypes: true }).some(
        entry => join(entry.parentPath, entry.name) === path(relative),
      ),
    records: filter => delivery.journal.list(filter ?? {}),
    until: (filepath, check) => untilRecord(() => delivery.journal, filepath, check),
    async restart(settings) {
      await delivery.stop();
      return startDelivery(t, {
        ...options,
        root,
        start: true,
        settings: { ...options.settings, ...settings },
      });
    },
  };
}

const PATIENCE_MS = 15_000;

async function untilRecord(
  journal: () => Journal,
  filepath: string,
  check: (record: FileRecord) => boolean,
): Promise<FileRecord> {
  let last: FileRecord | undefined;
  await until(
    () => {
      last = journal()
        .list({ text: filepath })
        .find(record => record.filepath === filepath);
      return last !== undefined && check(last);
    },
    () => `${filepath}: ${JSON.stringify(last)}`,
  );
  return last as FileRecord;
}

/** Looks every few milliseconds until `check` holds; fails with `words` when it does not come about. */
export async function until(
  check: () => boolean,
  words: () => string = () => check.toString(),
): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!check()) {
    if (performance.now() > deadlineMs) throw new Error(`did not come about: ${words()}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** Every file below a folder, by relative path. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
