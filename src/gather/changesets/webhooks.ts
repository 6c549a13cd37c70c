import { SluiceError } from '../../base/errors.ts';
import type { HttpHeaders } from '../../base/http-headers.ts';
import type { ScheduleEntry } from '../../engine/queue/work-queue.ts';
import { announceEvent, recordWebhook } from '../../keep/store/change.ts';
import type { StoredChangeset } from '../../keep/store/changesets.ts';
import type { ForgeKind } from '../forges/definitions.ts';
import type { ForgeSettings } from '../forges/forge.ts';
import { repositorySpellings } from '../forges/repository-spellings.ts';
import type { ForgeWebhooks, WebhookDelivery } from '../forges/webhook.ts';
import type { ChangesetContext } from './context.ts';
import type { CodeHosts } from './hosts/code-hosts.ts';
import { latest, planNextSync, planningOf, possibleMs, soonestSyncMs } from './next-sync.ts';
import { atPlannedTime, BY_WEBHOOK, firstInLine } from './schedule.ts';

/** Clocks differ a little, and an API may show a change some seconds after its webhook. */
const LATE_MS = 60_000;
/** A webhook may take this long to arrive, and its clock differ a little. */
const GRACE_MS = 2 * 60_000;

/** One delivery as it came in, not checked yet. */
export interface WebhookRequest {
  readonly kind: ForgeKind;
  readonly headers: HttpHeaders;
  readonly rawBody: Buffer;
}

/** What became of a delivery. All are answered with success: sending it again would change nothing. */
export type WebhookOutcome =
  | { readonly outcome: 'raised'; readonly changesets: number }
  | { readonly outcome: 'push' }
  | { readonly outcome: 'ping' }
  /** Its id was taken in before. */
  | { readonly outcome: 'duplicate' }
  /** Of nothing that is followed, or an event that sluice does not know. */
  | { readonly outcome: 'ignored'; readonly event: string };

/**
 * Takes one delivery in: signature first, then its form, then its id; the latest-event times, the raised places on the
 * schedule and the id are committed together, so that a crash loses none of them.
 * @param webhooks of the kind of host that sends it
 * @param onPush a push has arrived for the repository of these addresses, all spellings of one
 * @throws SluiceError `signature_invalid`, `body_invalid`
 */
export async function receiveWebhook(
  request: WebhookRequest,
  webhooks: ForgeWebhooks,
  context: ChangesetContext,
  onPush: (repositoryUrls: readonly string[]) => Promise<void>,
): Promise<WebhookOutcome> {
  const host = senderOf(request, webhooks, context);
  const delivery = webhooks.parse(request.headers, request.rawBody, host);
  const { deliveryId, event } = delivery;
  const { changesets, queue, clock, hosts } = context;
  if (await changesets.webhooks.isKnown(host, deliveryId)) return { outcome: 'duplicate' };
  const receivedAtMs = clock.nowMs();
  const repository = repositoryOf(delivery);
  // One that does nothing is not remembered: what it is of may be followed when the host sends it again.
  const receivedAs = (id: string | undefined) =>
    recordWebhook({ host, deliveryId: id, event, repository, receivedAtMs });
  const received = receivedAs(deliveryId);
  if (delivery.kind === 'push') {
    // First the work, then the id: a crash between the two has the host send it again.
    await onPush(repositorySpellings(delivery, hosts.baseUrlOf(host)));
    await queue.putAll([], [received]);
    return { outcome: 'push' };
  }
  if (delivery.kind !== 'changeset' && delivery.kind !== 'commit') {
    await queue.putAll([], [receivedAs(undefined)]);
    return delivery.kind === 'ping' ? { outcome: 'ping' } : { outcome: 'ignored', event };
  }
  const concerned =
    delivery.kind === 'commit'
      ? await changesets.byHead({ ...delivery, host })
      : await changesets.byAddresses([delivery.ref, ...delivery.alsoConcerns]);
  const followed = concerned.filter(changeset => changeset.followed);
  // A time of the body is of the host's clock.
  const saidMs = delivery.atMs === undefined ? undefined : delivery.atMs - context.clockSkewMs(host);
  const eventMs = possibleMs(saidMs, receivedAtMs) ?? receivedAtMs;
  const atMs = Math.min(eventMs, receivedAtMs);
  const items = await queue.getMany(followed.map(({ key }) => key));
  const entries = followed.map(changeset => {
    const isRunning = Boolean(items.get(changeset.key)?.claimedBy);
    return entryAfterEvent(changeset, { atMs, receivedAtMs, isRunning }, context);
  });
  const announced = announceEvent(
    followed.map(({ id }) => id),
    atMs,
  );
  if (followed.length === 0) {
    await queue.putAll([], [receivedAs(undefined)]);
    return { outcome: 'ignored', event };
  }
  await queue.putAll(entries, [received, announced]);
  return { outcome: 'raised', changesets: followed.length };
}

/**
 * Whether a delivery of those headers can be believed at all, before its body is read.
 * @throws SluiceError `signature_invalid` where no host of the kind has a secret, or none of them can have sent it
 */
export function checkSender(
  kind: ForgeKind,
  headers: HttpHeaders,
  webhooks: ForgeWebhooks,
  { hosts }: Pick<ChangesetContext, 'hosts'>,
): void {
  const candidates = candidatesOf(kind, hosts);
  if (!candidates.some(({ webhookSecret = '' }) => webhooks.mayVerify(headers, webhookSecret)))
    throw notSigned();
}

/** The host whose secret the sender knew. Hosts of one kind share a path, so each one's secret is tried. */
function senderOf(
  { kind, headers, rawBody }: WebhookRequest,
  webhooks: ForgeWebhooks,
  { hosts }: ChangesetContext,
): string {
  const sender = candidatesOf(kind, hosts).find(({ webhookSecret = '' }) =>
    webhooks.verify(headers, rawBody, webhookSecret),
  );
  if (!sender) throw notSigned();
  return sender.host;
}

/** Whether a request says of itself that it is a code host's: each of them names the event in a header of its own. */
export function namesEvent(headers: HttpHeaders): boolean {
  return Object.entries(headers).some(
    ([name, value]) => value !== undefined && /^x-[a-z]+-event$/i.test(name),
  );
}

/** Hosts of a kind with a secret. */
function candidatesOf(kind: ForgeKind, hosts: CodeHosts): readonly ForgeSettings[] {
  const candidates = hosts.settings().filter(host => host.kind === kind && host.webhookSecret !== undefined);
  if (candidates.length > 0) return candidates;
  throw new SluiceError('signature_invalid', `no ${kind} host here has a webhook secret`, {
    hint: 'Set hosts.<name>.webhookSecret in sluice.yaml, and the same secret at the host.',
  });
}

function notSigned(): SluiceError {
  return new SluiceError('signature_invalid', 'the signature of the webhook is missing or wrong');
}

function repositoryOf(delivery: WebhookDelivery): string | undefined {
  if (delivery.kind === 'changeset') return delivery.ref.repository;
  return delivery.kind === 'push' || delivery.kind === 'commit' ? delivery.repository : undefined;
}

/**
 * At once, before all others, but never sooner than the shortest interval after the last try: a burst brings one sync.
 * With `quiet`, once the changes have paused. An event that is older than the last sync (out of order, late) was seen by
 * that sync: it is synced again among the others only.
 */
function entryAfterEvent(
  changeset: StoredChangeset,
  event: { readonly atMs: number; readonly receivedAtMs: number; readonly isRunning: boolean },
  context: ChangesetContext,
): ScheduleEntry {
  const { atMs, receivedAtMs: nowMs, isRunning } = event;
  const { key, host } = changeset;
  const planning = planningOf(host, nowMs, context);
  const lastSyncAtMs = changeset.lastSyncAtMs === null ? null : Math.min(changeset.lastSyncAtMs, nowMs);
  const isNews = lastSyncAtMs === null || atMs > lastSyncAtMs - LATE_MS;
  if (isNews && !planning.rhythm.quiet) {
    // The sync that runs may or may not see it: the next one is after that one's interval.
    const soonestMs = isRunning ? nowMs + planning.rhythm.minIntervalMs : soonestSyncMs(changeset, planning);
    return { key, request: firstInLine(host, BY_WEBHOOK, soonestMs) };
  }
  // A change that the last sync may have missed by a hair counts as one after it.
  const eventMs = isNews && lastSyncAtMs !== null ? Math.max(atMs, lastSyncAtMs + 1) : atMs;
  const latestEventAtMs = latest(changeset.latestEventAtMs, eventMs);
  const plan = planNextSync({ ...changeset, latestEventAtMs }, planning);
  const reason = isNews ? `${BY_WEBHOOK}, ${plan.reason}` : plan.reason;
  return { key, request: atPlannedTime(host, { ...plan, reason }, nowMs) };
}

/**
 * Counts a change that a sync or a listing has shown and no webhook announced, where webhooks are expected: many in a
 * row say that they do not arrive.
 * @param known as it was before the change was seen
 * @param changedAtMs on this machine's clock
 */
export async function countIfUnannounced(
  known: StoredChangeset,
  changedAtMs: number,
  nowMs: number,
  { changesets, expectsWebhooks }: ChangesetContext,
): Promise<void> {
  if (!expectsWebhooks(known.host) || !isUnannounced(known, changedAtMs, nowMs)) return;
  await changesets.webhooks.countMissed(known.host, known.repository);
}

function isUnannounced(
  { lastSyncAtMs, lastChangeAtMs, latestEventAtMs }: StoredChangeset,
  changedAtMs: number,
  nowMs: number,
): boolean {
  if (lastSyncAtMs === null || lastChangeAtMs === null) return false;
  if (changedAtMs <= lastChangeAtMs) return false;
  if (changedAtMs > nowMs - GRACE_MS) return false;
  return (latestEventAtMs ?? 0) < changedAtMs - GRACE_MS;
}
