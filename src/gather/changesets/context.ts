import type { Clock } from '../../base/clock.ts';
import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import type { SyncRhythm } from '../../engine/schedule.ts';
import type { ChangesetStore } from '../../keep/store/changesets.ts';
import type { CodeHosts } from './hosts/code-hosts.ts';
import type { HostHealth } from './hosts/host-health.ts';
import type { UnseenAtHosts } from './hosts/unseen-at-hosts.ts';

/** What every step of following and syncing works with. What is a function is as it is now, and may change. */
export interface ChangesetContext {
  readonly changesets: ChangesetStore;
  /** Other stations share the budgets of calls. */
  readonly sharesCalls: boolean;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly hosts: CodeHosts;
  readonly health: HostHealth;
  readonly unseen: UnseenAtHosts;
  /** Of a host: stretched where its budget of calls is short. */
  readonly rhythm: (host: string) => SyncRhythm;
  readonly forgetClosedAfterMs: () => number;
  /** Host's clock less this machine's. */
  readonly clockSkewMs: (host: string) => number;
  /** Whether the host is set up to send webhooks. */
  readonly expectsWebhooks: (host: string) => boolean;
}
