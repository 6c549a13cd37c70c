import type { Clock } from '../../../base/clock.ts';
import { asSluiceError, type SluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import type { SyncRhythm } from '../../../engine/schedule.ts';
import { recordSync, recordVanished } from '../../../keep/store/change.ts';
import type { ChangesetStore, StoredChangeset } from '../../../keep/store/changesets.ts';
import type { ChangesetResult, Forge, WantedChangeset } from '../../forges/forge.ts';
import type { CallSlots } from '../hosts/call-slots.ts';
import { type HostHealth, holdKindOf } from '../hosts/host-health.ts';
import { planSync } from '../next-sync.ts';
import type { Batches } from './batches.ts';
import { changeTimeMs, isUnannounced, storedEvent, syncedFrom } from './synced-changeset.ts';

export interface SyncTools {
  readonly changesets: ChangesetStore;
  readonly clock: Clock;
  readonly batches: Batches;
  readonly slots: CallSlots;
  readonly board: HostHealth;
  readonly forge: (host: string) => Forge;
  /** Of a host, with its stretch factor; it may change between two syncs. */
  readonly rhythm: (host: string) => SyncRhythm;
  readonly forgetClosedAfterMs: () => number;
  /** Host's clock less this machine's. */
  readonly clockSkewMs: (host: string) => number;
  /** Whether webhooks are to be expected from a host (S9). */
  readonly expectsWebhooks: (host: string) => boolean;
}

/** Events that happened shortly before the last sync may have been shown only after it. */
const EVENTS_OVERLAP_MS = 5 * 60_000;

type Found = Extract<ChangesetResult, { readonly outcome: 'found' }>;

/** What the workers do with a changeset whose time has come: ask its host, keep the answer, say when it is next. */
export function changesetHandler(tools: SyncTools): WorkHandler {
  return {
    retry: SYNC_RETRY,
    run: (claim, signal) => syncClaimed(claim, signal, tools),
    async onFailure({ claim, error }) {
      const changeset = await tools.changesets.byKey(claim.key);
      if (changeset) await tools.changesets.recordFailure(changeset.id, toErrorRecord(error));
    },
  };
}

async function syncClaimed(claim: Claim, signal: AbortSignal, tools: SyncTools): Promise<WorkOutcome> {
  const { changesets, clock, batches, board } = tools;
  const changeset = await changesets.byKey(claim.key);
  if (!changeset?.followed) return { nextAtMs: null, reason: 'no longer followed' };
  const startMs = clock.nowMs();
  const { host } = changeset;
  let result: ChangesetResult;
  let isAsked = false;
  try {
    result = await batches.ask(wantedOf(changeset), claim.priority, signal);
    isAsked = true;
    if (result.outcome === 'found') await keepEvents(changeset, result, claim.priority, signal, tools);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asSluiceError(thrown, { subject: changeset.url });
    // A token that may not ask for changesets at all is as good as refused: one message, not one a changeset.
    const kind = !isAsked && error.code === 'scope_missing' ? 'refused' : holdKindOf(error);
    return postponedBy(error, host, claim, board, kind);
  }
  if (result.outcome !== 'failed') board.recordSuccess(host);
  if (result.outcome === 'found') return await settleFound(changeset, result, startMs, tools);
  if (result.outcome === 'missing') return settleMissing(changeset, startMs, tools);
  const kind = holdKindOf(result.error);
  // Of one changeset alone, an error says nothing of its host, unless it is the token or the budget.
  if (kind === 'limited' || kind === 'refused') return postponedBy(result.error, host, claim, board);
  throw result.error;
}

/** What stops the whole host is no failure of the item: it keeps its place in line. Anything else is thrown on. */
export function postponedBy(
  error: SluiceError,
  host: string,
  claim: Claim,
  board: HostHealth,
  kind = holdKindOf(error),
): WorkOutcome {
  const hold = board.recordFailure(host, error, kind);
  if (!hold || hold.kind === 'down') throw error;
  return { postponedToMs: claim.runAtMs, reason: claim.reason };
}

function wantedOf(changeset: StoredChangeset): WantedChangeset {
  const { host, repository, number, updatedAtMs, headCommit, lastSyncAtMs } = changeset;
  const ref = { host, repository, number };
  if (lastSyncAtMs === null || updatedAtMs === null) return { ref };
  return {
    ref,
    eventsSinceMs: updatedAtMs - EVENTS_OVERLAP_MS,
    ...(headCommit === null ? {} : { headCommit }),
  };
}

/** Events page by page, as they arrive: what has arrived before an error is kept, and told again the next time. */
async function keepEvents(
  changeset: StoredChangeset,
  { changeset: found, events, eventsComplete }: Found,
  priority: 'high' | 'normal',
  signal: AbortSignal,
  tools: SyncTools,
): Promise<void> {
  const { changesets, slots, forge } = tools;
  await changesets.addEvents(changeset.id, events.map(storedEvent));
  const unchanged =
    changeset.lastSyncAtMs !== null &&
    changeset.updatedAtMs === found.updatedAtMs &&
    changeset.headCommit === (found.head.commit ?? null) &&
    changeset.lastError === null;
  if (eventsComplete || unchanged) return;
  const { host } = changeset;
  const { eventsSinceMs: sinceMs } = wantedOf(changeset);
  await slots.run(host, priority, signal, async () => {
    const options = { signal, priority, ...(sinceMs === undefined ? {} : { sinceMs }) };
    for await (const page of forge(host).fetchEvents(found.ref, options)) {
      await changesets.addEvents(changeset.id, page.map(storedEvent));
    }
  });
}

async function settleFound(
  changeset: StoredChangeset,
  { changeset: found }: Found,
  startMs: number,
  tools: SyncTools,
): Promise<WorkOutcome> {
  const { changesets } = tools;
  const skewMs = tools.clockSkewMs(changeset.host);
  const lastChangeAtMs = changeTimeMs(changeset, found.updatedAtMs, skewMs, startMs);
  const synced = syncedFrom(found, startMs, lastChangeAtMs);
  if (tools.expectsWebhooks(changeset.host) && isUnannounced(changeset, lastChangeAtMs, startMs)) {
    await changesets.webhooks.countMissed(changeset.host, changeset.repository);
  }
  // A webhook that came while this ran has its own place on the schedule already.
  const times = {
    ...changeset,
    state: synced.state,
    lastSyncAtMs: startMs,
    lastChangeAtMs,
    vanishedAtMs: null,
  };
  const closedAtMs = found.closedAtMs ?? found.mergedAtMs ?? null;
  const plan = planSync(
    { ...times, closedAtMs: closedAtMs === null ? null : closedAtMs - skewMs },
    planning(changeset.host, tools),
  );
  const { nextAtMs, reason, load } = plan;
  return { nextAtMs, reason, changes: [recordSync(changeset.id, synced, load)] };
}

function settleMissing(changeset: StoredChangeset, startMs: number, tools: SyncTools): WorkOutcome {
  const vanishedAtMs = changeset.vanishedAtMs ?? startMs;
  const gone = { ...changeset, state: 'deleted' as const, lastSyncAtMs: startMs, vanishedAtMs };
  const { nextAtMs, reason, load } = planSync(gone, planning(changeset.host, tools));
  return { nextAtMs, reason, changes: [recordVanished(changeset.id, startMs, load)] };
}

function planning(host: string, { clock, rhythm, forgetClosedAfterMs }: SyncTools) {
  return {
    nowMs: clock.nowMs(),
    rhythm: rhythm(host),
    forgetClosedAfterMs: forgetClosedAfterMs(),
  };
}
