import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { EnclosureOptions } from '../base/files/enclosure.ts';
import type { Mount } from '../base/files/locations.ts';
import type { Logger } from '../base/log.ts';
import type { FaultBoard } from '../base/ongoing-faults.ts';
import type { Random } from '../base/random.ts';
import { RepeatedMessages } from '../base/repeated-messages.ts';
import type { SpanSink } from '../base/spans.ts';
import type { ObjectStore } from '../keep/buckets/bucket.ts';
import type { Profile } from '../keep/buckets/object-store-definition.ts';
import type { Journal } from '../keep/local/journal.ts';
import type { Pause } from '../keep/local/pauses.ts';
import { HeldObjects } from './attempt/held-objects.ts';
import { Uploader } from './attempt/upload/uploader.ts';
import { Bandwidth } from './bandwidth.ts';
import type { DeliveryContext } from './context.ts';
import { openDestinations } from './destinations.ts';
import { FolderEnclosures } from './origin/folder-enclosures.ts';
import { KnownMounts } from './origin/known-mounts.ts';
import type { DeliveryPlan } from './plan.ts';
import { BucketCache } from './queue/bucket-cache.ts';
import type { Dispatcher } from './queue/dispatcher.ts';
import { EndpointMonitor } from './queue/endpoint-monitor.ts';
import { LoneFiles } from './queue/lone-files.ts';
import { MachineShortage } from './queue/machine-shortage.ts';
import { PausedPlaces } from './queue/paused-places.ts';
import { PlaceHolds } from './queue/place-holds.ts';
import { Spool } from './spool/spool.ts';
import { Statistics } from './statistics.ts';

/** The same is logged once in so long. */
const LOG_EVERY_MS = 60_000;

/** What the surroundings give to all that works in a session. */
export interface DeliverySurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  readonly faults?: FaultBoard;
  /** Takes attempts that are over. */
  readonly spans?: SpanSink | undefined;
  /** What somebody paused, as it is now. */
  readonly pauses?: () => readonly Pause[];
  /** How files are reached; a test may come between any two calls. */
  readonly files?: EnclosureOptions;
  /** What is mounted; a test may mount what it likes. */
  readonly readMounts?: () => readonly Mount[];
}

/** Whom the parts of a context tell what they notice. */
export interface ContextListeners {
  /** Called only once the session is whole. */
  readonly dispatcher: () => Dispatcher;
  /** As it is by then: the settings may be those of an adopted plan. */
  readonly context: () => DeliveryContext;
  readonly onEndpointBack: (endpoint: string) => void;
  /** A held place is right again; the journal may be it. */
  readonly onPlaceFree: () => void;
  readonly onKeyChange: (profile: string) => void;
}

/** Folders whose files are delivered. Pure. */
export function watchedFolders({ root, settings }: DeliveryPlan): readonly string[] {
  return [join(root, 'incoming'), ...settings.folders.map(({ path }) => path)];
}

/** Opens the object stores of a plan, and makes all that a session's parts share. */
export function openContext(
  plan: DeliveryPlan,
  journal: Journal,
  openStore: (profile: Profile) => ObjectStore,
  surroundings: DeliverySurroundings,
  listeners: ContextListeners,
): DeliveryContext {
  const { clock, log, random, faults, spans, files, pauses = () => [], readMounts } = surroundings;
  const { root, settings } = plan;
  const { bucketCacheMs, missingBucketMs, probeIntervalMs } = settings;
  const opened = openDestinations(plan.profiles, openStore);
  for (const one of opened) one.onKeyChange(() => listeners.onKeyChange(one.profile));
  const destinations = new Map(opened.map(one => [one.profile, one]));
  const endpoints = new EndpointMonitor({
    destinations: opened,
    clock,
    log,
    probeIntervalMs,
    bucketAt: profile => journal.smallestWaiting({ profile }, [])?.bucket,
    onBack: listeners.onEndpointBack,
    onSlow: endpoint => listeners.dispatcher().endpointSlow(endpoint),
  });
  const mounts = new KnownMounts({ journal, clock, roots: watchedFolders(plan), read: readMounts });
  return {
    settings,
    destinations,
    spool: new Spool(root, files),
    folders: new FolderEnclosures(files),
    mounts,
    journal,
    endpoints,
    holds: new PlaceHolds({
      destinations,
      endpoints,
      journal,
      mounts,
      root,
      settings,
      paused: new PausedPlaces(pauses),
      clock,
      log,
      onFree: listeners.onPlaceFree,
      onTrial: () => listeners.dispatcher().wake(),
    }),
    lone: new LoneFiles(),
    shortage: new MachineShortage({
      clock,
      log,
      onShort: endpoint => listeners.dispatcher().machineShort(endpoint),
    }),
    buckets: new BucketCache({
      clock,
      log,
      keepMs: bucketCacheMs,
      keepMissingMs: Math.min(missingBucketMs, bucketCacheMs),
    }),
    uploader: new Uploader(journal, clock),
    bandwidth: new Bandwidth(clock, () => listeners.context().settings.bandwidth),
    held: new HeldObjects(clock),
    withhold: id => listeners.dispatcher().withhold(id),
    statistics: new Statistics(),
    clock,
    random,
    messages: new RepeatedMessages(clock, LOG_EVERY_MS),
    faults,
    spans,
    log,
  };
}
