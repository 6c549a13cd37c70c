import { asSluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim, Priority } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import { recordSync, recordVanished } from '../../../keep/store/change.ts';
import type { StoredChangeset } from '../../../keep/store/changesets.ts';
import type { Changeset } from '../../forges/changeset.ts';
import type { ChangesetResult, WantedChangeset } from '../../forges/forge.ts';
import type { ChangesetContext } from '../context.ts';
import type { CallSlots } from '../hosts/call-slots.ts';
import { holdKindOf, postponeForHost } from '../hosts/host-health.ts';
import { changeTimeMs, planNextSync, planningOf } from '../next-sync.ts';
import { countIfUnannounced } from '../webhooks.ts';
import type { Batches } from './batches.ts';
import { storedEvent, syncedChangeset } from './synced-changeset.ts';

export interface ChangesetSyncContext extends ChangesetContext {
  /** By which changesets are asked for. */
  readonly batches: Batches;
  /** Room for what does not go in batches: events that did not come along. */
  readonly slots: CallSlots;
}

type AnsweredChangeset = Extract<ChangesetResult, { readonly outcome: 'found' }>;

/** Events that happened shortly before the last sync may have been shown only after it. */
const EVENTS_OVERLAP_MS = 5 * 60_000;

/** What the workers do with a changeset whose time has come: ask its host, keep the answer, say when it is next. */
export function changesetHandler(context: ChangesetSyncContext): WorkHandler {
  return {
    retry: SYNC_RETRY,
    run: (claim, signal) => syncClaimed(claim, signal, context),
    async onFailure({ claim, error }) {
      const changeset = await context.changesets.byKey(claim.key);
      if (changeset) await context.changesets.recordFailure(changeset.id, toErrorRecord(error));
    },
  };
}

async function syncClaimed(
  claim: Claim,
  signal: AbortSignal,
  context: ChangesetSyncContext,
): Promise<WorkOutcome> {
  const { changesets, clock, health, batches } = context;
  const changeset = await changesets.byKey(claim.key);
  if (!changeset?.followed) return { nextAtMs: null, reason: 'no longer followed' };
  const startMs = clock.nowMs();
  const { host } = changeset;
  let result: ChangesetResult;
  let isAnswered = false;
  try {
    result = await batches.ask(wantedOf(changeset), claim.priority, signal);
    isAnswered = true;
    if (result.outcome === 'found') await addEvents(changeset, result, claim.priority, signal, context);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asSluiceError(thrown, { subject: changeset.url });
    // A token that may not ask for changesets at all is as good as refused: one message, not one a changeset.
    const kind = !isAnswered && error.code === 'scope_missing' ? 'refused' : holdKindOf(error);
    return postponeForHost(error, claim, context, host, kind);
  }
  if (result.outcome !== 'failed') health.recordSuccess(host);
  if (result.outcome === 'found') return settleAnswered(changeset, result.changeset, startMs, context);
  if (result.outcome === 'missing') return settleMissing(changeset, startMs, context);
  const kind = holdKindOf(result.error);
  // Of one changeset alone, an error says nothing of its host, unless it is the token or the budget.
  if (kind === 'limited' || kind === 'refused') return postponeForHost(result.error, claim, context, host);
  throw result.error;
}

function wantedOf(changeset: StoredChangeset): WantedChangeset {
  const { host, repository, number, updatedAtMs, headCommit, lastSyncAtMs } = changeset;
  const ref = { host, repository, number };
  if (lastSyncAtMs === null || updatedAtMs === null) return { ref };
  return { ref, eventsSinceMs: updatedAtMs - EVENTS_OVERLAP_MS, headCommit: headCommit ?? undefined };
}

/** Events page by page, as they arrive: what has arrived before an error is kept, and comes again the next time. */
async function addEvents(
  known: StoredChangeset,
  { changeset, events, eventsComplete }: AnsweredChangeset,
  priority: Priority,
  signal: AbortSignal,
  { changesets, slots, hosts }: ChangesetSyncContext,
): Promise<void> {
  await changesets.addEvents(known.id, events.map(storedEvent));
  const isUnchanged =
    known.lastSyncAtMs !== null &&
    known.updatedAtMs === changeset.updatedAtMs &&
    known.headCommit === (changeset.head.commit ?? null) &&
    known.lastError === null;
  if (eventsComplete || isUnchanged) return;
  const options = { signal, priority, sinceMs: wantedOf(known).eventsSinceMs };
  await slots.run(known.host, priority, signal, async () => {
    for await (const page of hosts.of(known.host).fetchEvents(changeset.ref, options)) {
      await changesets.addEvents(known.id, page.map(storedEvent));
    }
  });
}

async function settleAnswered(
  known: StoredChangeset,
  changeset: Changeset,
  startMs: number,
  context: ChangesetSyncContext,
): Promise<WorkOutcome> {
  const skewMs = context.clockSkewMs(known.host);
  const lastChangeAtMs = changeTimeMs(known, changeset.updatedAtMs, skewMs, startMs);
  await countIfUnannounced(known, lastChangeAtMs, startMs, context);
  const closedAtMs = changeset.closedAtMs ?? changeset.mergedAtMs;
  // A webhook that came while this ran has its own place on the schedule already.
  const history = {
    ...known,
    state: changeset.state,
    lastSyncAtMs: startMs,
    lastChangeAtMs,
    vanishedAtMs: null,
    closedAtMs: closedAtMs === undefined ? null : closedAtMs - skewMs,
  };
  const { nextAtMs, reason, load } = planNextSync(
    history,
    planningOf(known.host, context.clock.nowMs(), context),
  );
  const synced = syncedChangeset(changeset, startMs, lastChangeAtMs);
  return { nextAtMs, reason, changes: [recordSync(known.id, synced, load)] };
}

function settleMissing(known: StoredChangeset, startMs: number, context: ChangesetSyncContext): WorkOutcome {
  const vanishedAtMs = known.vanishedAtMs ?? startMs;
  const history = { ...known, state: 'deleted' as const, lastSyncAtMs: startMs, vanishedAtMs };
  const { nextAtMs, reason, load } = planNextSync(
    history,
    planningOf(known.host, context.clock.nowMs(), context),
  );
  return { nextAtMs, reason, changes: [recordVanished(known.id, startMs, load)] };
}
