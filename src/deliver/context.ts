import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { FaultBoard } from '../base/ongoing-faults.ts';
import type { Random } from '../base/random.ts';
import type { RepeatedMessages } from '../base/repeated-messages.ts';
import type { SpanSink } from '../base/spans.ts';
import type { Journal } from '../keep/local/journal.ts';
import type { HeldObjects } from './attempt/held-objects.ts';
import type { Uploader } from './attempt/upload/uploader.ts';
import type { Bandwidth } from './bandwidth.ts';
import type { Destination } from './destinations.ts';
import type { ObjectSettings } from './object-names.ts';
import type { FolderEnclosures } from './origin/folder-enclosures.ts';
import type { KnownMounts } from './origin/known-mounts.ts';
import type { BucketCache } from './queue/bucket-cache.ts';
import type { EndpointMonitor } from './queue/endpoint-monitor.ts';
import type { LoneFiles } from './queue/lone-files.ts';
import type { MachineShortage } from './queue/machine-shortage.ts';
import type { PlaceHolds } from './queue/place-holds.ts';
import type { DeliverySettings } from './settings.ts';
import type { Spool } from './spool/spool.ts';
import type { Statistics } from './statistics.ts';

/** What everything in a session works with; an attempt goes by the settings of the context that it began with. */
export interface DeliveryContext {
  readonly settings: DeliverySettings;
  /** By profile. */
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly spool: Spool;
  readonly folders: FolderEnclosures;
  /** What is mounted within the folders and `incoming`. */
  readonly mounts: KnownMounts;
  readonly journal: Journal;
  readonly endpoints: EndpointMonitor;
  /** Profiles, buckets and disks that cannot be used just now. */
  readonly holds: PlaceHolds;
  /** Files that fail where others do not. */
  readonly lone: LoneFiles;
  /** What this machine has too little of. */
  readonly shortage: MachineShortage;
  readonly buckets: BucketCache;
  readonly uploader: Uploader;
  /** How fast all that goes to object stores may go. */
  readonly bandwidth: Bandwidth;
  /** What buckets hold that was not sent from here. */
  readonly held: HeldObjects;
  /** Keeps a record from being tried until the function returned is called; undefined while it is being tried. */
  readonly withhold: (recordId: number) => (() => void) | undefined;
  readonly statistics: Statistics;
  readonly clock: Clock;
  readonly random: Random;
  /** What comes again and again is logged once a minute. */
  readonly messages: RepeatedMessages;
  readonly faults?: FaultBoard | undefined;
  /** Takes attempts that are over, where traces are wanted. */
  readonly spans?: SpanSink | undefined;
  readonly log: Logger;
}

/** The files and their records, without anybody to send them to: what a command has that works beside the station. */
export type SpoolContext = Pick<DeliveryContext, 'spool' | 'journal' | 'clock'>;

/** The same for what has to know which files become the same object. */
export type ObjectContext = SpoolContext & { readonly settings: ObjectSettings };
