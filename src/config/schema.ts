import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { onlyForType } from './fields.ts';
import type { Kinds } from './kinds.ts';
import { cache } from './sections/cache.ts';
import { CAPTURE_DEFAULTS, capture } from './sections/capture.ts';
import { changesets } from './sections/changesets.ts';
import { deliver, sync } from './sections/deliver.ts';
import { database, log, mailmap, root, store } from './sections/general.ts';
import { git } from './sections/git.ts';
import { bake, insights } from './sections/history.ts';
import { hosts } from './sections/hosts.ts';
import { notify } from './sections/notify.ts';
import { repos } from './sections/repos.ts';
import { schedule } from './sections/schedule.ts';
import { server } from './sections/server.ts';

/**
 * The one source of what sluice.yaml may hold. A new section stands in a file of sections/ and in a line here; a
 * default that depends on other settings or on the machine is filled in by `complete`. Made once a process.
 * @param kinds of what the rooms further on define
 */
export function configSchema({ forges, readingSources }: Kinds) {
  return z.strictObject(
    {
      root,
      database,
      ...store,
      log,
      server,
      repos: repos(forges),
      mailmap,
      git,
      hosts: hosts(forges),
      cache,
      schedule,
      notify,
      changesets,
      bake,
      insights,
      sync,
      deliver,
      capture: capture(readingSources),
      // Before validation its content moves one level up (lift.ts); what is still here then is out of place.
      config: z
        .strictObject({ cache: cache.optional() })
        .optional()
        .meta({ description: 'An older place for `cache`, read as if it stood at the top.' }),
    },
    {
      error: onlyForType('must be a mapping of settings'),
    },
  );
}

/** What sluice.yaml may hold, with the kinds that this program knows. */
export type ConfigSchema = ReturnType<typeof configSchema>;

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** Zero means the default as well. */
function completeCapture({ root, deliver, capture }: z.output<ConfigSchema>) {
  return {
    ...capture,
    directory: capture.directory ?? join(deliver.directory ?? root, 'capture'),
    station: capture.station ?? hostname(),
    maxFileSizeBytes: capture.maxFileSizeBytes || CAPTURE_DEFAULTS.maxFileSizeBytes,
    diskUsageThreshold: capture.diskUsageThreshold || CAPTURE_DEFAULTS.diskUsageThreshold,
    captureShareThreshold: capture.captureShareThreshold || CAPTURE_DEFAULTS.captureShareThreshold,
    deleteEveryNth: capture.deleteEveryNth || CAPTURE_DEFAULTS.deleteEveryNth,
  };
}

/** Fills in what depends on other settings or on the machine. */
export function complete(parsed: z.output<ConfigSchema>, processors = availableParallelism()) {
  const { config: _lifted, ...settings } = parsed;
  return {
    ...settings,
    cache: { ...settings.cache, directory: settings.cache.directory ?? join(settings.root, 'cache') },
    deliver: {
      ...settings.deliver,
      directory: settings.deliver.directory ?? settings.root,
      workers: settings.deliver.workers ?? Math.max(1, Math.floor(processors / 2)),
    },
    capture: completeCapture(settings),
    bake: { threads: settings.bake.threads ?? Math.max(1, Math.floor(processors / 2)) },
  };
}

/**
 * The configuration in force: every default filled in, paths absolute, secrets read, deeply frozen. Durations
 * are milliseconds in `…Ms`, sizes bytes in `…Bytes`.
 */
export type Config = DeepReadonly<ReturnType<typeof complete>>;
