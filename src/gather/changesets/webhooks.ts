import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { ScheduleEntry, WorkQueue } from '../../engine/queue/work-queue.ts';
import type { SyncRhythm } from '../../engine/schedule.ts';
import { announceEvent, recordWebhook } from '../../keep/store/change.ts';
import type { ChangesetStore, StoredChangeset } from '../../keep/store/changesets.ts';
import type { ForgeKind } from '../forges/definitions.ts';
import type { ForgeSettings } from '../forges/forge.ts';
import type { ForgeWebhooks, WebhookDelivery, WebhookHeaders } from '../forges/webhook.ts';
import { atOnce, atPlannedTime, latest, planSync } from './next-sync.ts';

export interface WebhookTools {
  readonly changesets: ChangesetStore;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly webhooksOf: (kind: ForgeKind) => ForgeWebhooks;
  readonly hosts: () => readonly ForgeSettings[];
  readonly rhythm: (host: string) => SyncRhythm;
  readonly forgetClosedAfterMs: () => number;
  readonly clockSkewMs: (host: string) => number;
  /** A push has arrived for a repository. */
  readonly onPush: (repositoryUrl: string) => Promise<void>;
}

/** What became of a delivery. All are answered with success: sending it again would change nothing. */
export type Received =
  | { readonly outcome: 'raised'; readonly changesets: number }
  | { readonly outcome: 'push' }
  | { readonly outcome: 'ping' }
  /** Its id was taken in before. */
  | { readonly outcome: 'duplicate' }
  /** Of nothing that is followed, or an event that sluice does not know. */
  | { readonly outcome: 'ignored'; readonly event: string };

/**
 * Takes one delivery in (C7, S8): signature first, then its form, then its id; the latest-event times, the
 * raised places on the schedule and the id are committed together, so that a crash loses none of them.
 * @throws SluiceError `signature_invalid`, `body_invalid`
 */
export async function receiveWebhook(
  kind: ForgeKind,
  headers: WebhookHeaders,
  rawBody: Buffer,
  tools: WebhookTools,
): Promise<Received> {
  const host = senderOf(kind, headers, rawBody, tools);
  const delivery = tools.webhooksOf(kind).parse(headers, rawBody, host);
  const { deliveryId, event } = delivery;
  const { changesets, queue, clock } = tools;
  if (await changesets.webhooks.isKnown(host, deliveryId)) return { outcome: 'duplicate' };
  const receivedAtMs = clock.nowMs();
  const repository = repositoryOf(delivery);
  const received = recordWebhook({ host, deliveryId, event, repository, receivedAtMs });
  if (delivery.kind === 'push') {
    // First the work, then the id: a crash between the two has the host send it again.
    await tools.onPush(delivery.repositoryUrl);
    await queue.putAll([], [received]);
    return { outcome: 'push' };
  }
  if (delivery.kind !== 'changeset') {
    await queue.putAll([], [received]);
    return delivery.kind === 'ping' ? { outcome: 'ping' } : { outcome: 'ignored', event };
  }
  const concerned = await changesets.byAddresses([delivery.ref, ...delivery.others]);
  const followed = concerned.filter(changeset => changeset.followed);
  const atMs = Math.min((delivery.atMs ?? receivedAtMs) - skewOf(delivery, host, tools), receivedAtMs);
  const puts = followed.map(changeset => raised(changeset, atMs, receivedAtMs, tools));
  const announced = announceEvent(
    followed.map(({ id }) => id),
    atMs,
  );
  await queue.putAll(puts, [received, announced]);
  if (followed.length === 0) return { outcome: 'ignored', event };
  return { outcome: 'raised', changesets: followed.length };
}

/** The host whose secret the sender knew. Hosts of one kind share a path, so each one's secret is tried. */
function senderOf(kind: ForgeKind, headers: WebhookHeaders, rawBody: Buffer, tools: WebhookTools): string {
  const candidates = tools.hosts().filter(host => host.kind === kind && host.webhookSecret !== undefined);
  if (candidates.length === 0) {
    throw new SluiceError('signature_invalid', `no ${kind} host here has a webhook secret`, {
      hint: 'Set hosts.<name>.webhookSecret in sluice.yaml, and the same secret at the host.',
    });
  }
  const found = candidates.find(({ webhookSecret = '' }) =>
    tools.webhooksOf(kind).verify(headers, rawBody, webhookSecret),
  );
  if (!found) throw new SluiceError('signature_invalid', 'the signature of the webhook is missing or wrong');
  return found.host;
}

/** A time of the body is of the host's clock; without one the time of arrival stands in. */
function skewOf(delivery: WebhookDelivery, host: string, { clockSkewMs }: WebhookTools): number {
  return 'atMs' in delivery && delivery.atMs !== undefined ? clockSkewMs(host) : 0;
}

function repositoryOf(delivery: WebhookDelivery): string | undefined {
  if (delivery.kind === 'changeset') return delivery.ref.repository;
  return delivery.kind === 'push' ? delivery.repository : undefined;
}

/**
 * C7: at once, before all others. S2: with `quiet`, once the changes have paused. An event that is older than
 * the last sync (out of order, late) was seen by that sync: it is synced again in its turn only.
 */
function raised(changeset: StoredChangeset, atMs: number, nowMs: number, tools: WebhookTools): ScheduleEntry {
  const { key, host, lastSyncAtMs } = changeset;
  const rhythm = tools.rhythm(host);
  const isNews = lastSyncAtMs === null || atMs > lastSyncAtMs - LATE_MS;
  if (isNews && !rhythm.quiet) return { key, request: atOnce(host, 'webhook', nowMs) };
  // A change that the last sync may have missed by a hair counts as one after it.
  const eventMs = isNews && lastSyncAtMs !== null ? Math.max(atMs, lastSyncAtMs + 1) : atMs;
  const latestEventAtMs = latest(changeset.latestEventAtMs, eventMs);
  const plan = planSync(
    { ...changeset, latestEventAtMs },
    { nowMs, rhythm, forgetClosedAfterMs: tools.forgetClosedAfterMs() },
  );
  const reason = isNews ? `webhook, ${plan.reason}` : plan.reason;
  return { key, request: atPlannedTime(host, { ...plan, reason }, nowMs) };
}

/** Clocks differ a little, and an API may show a change some seconds after its webhook. */
const LATE_MS = 60_000;
