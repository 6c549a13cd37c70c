import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Journal } from '../keep/store/journal.ts';
import type { BucketCache } from './bucket-cache.ts';
import type { LinkBoard } from './link-board.ts';
import type { DeliverySettings } from './settings.ts';
import type { Spool } from './spool/spool.ts';
import type { Statistics } from './statistics.ts';
import type { Uploader } from './upload/uploader.ts';

/** What a flight works with. */
export interface FlightContext {
  readonly spool: Spool;
  readonly journal: Journal;
  readonly uploader: Uploader;
  readonly buckets: BucketCache;
  readonly links: LinkBoard;
  readonly statistics: Statistics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly settings: DeliverySettings;
}

/** How a flight ended; `blocked`: the file before it at that address is not through yet. */
export type Landing = 'completed' | 'failed' | 'waiting' | 'blocked' | 'gone' | 'handed-back';
