import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Journal } from '../../keep/local/journal.ts';
import type { BucketCache } from '../queue/bucket-cache.ts';
import type { EndpointHealthChecks } from '../queue/endpoint-health.ts';
import type { DeliverySettings } from '../settings.ts';
import type { Spool } from '../spool/spool.ts';
import type { Statistics } from '../statistics.ts';
import type { Uploader } from './upload/uploader.ts';

/** What a flight works with. */
export interface AttemptContext {
  readonly spool: Spool;
  readonly journal: Journal;
  readonly uploader: Uploader;
  readonly buckets: BucketCache;
  readonly links: EndpointHealthChecks;
  readonly statistics: Statistics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly settings: DeliverySettings;
}

/** How a flight ended; `blocked`: the file before it at that address is not through yet. */
export type DeliveryOutcome = 'completed' | 'failed' | 'waiting' | 'blocked' | 'gone' | 'handed-back';
