import { asSluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim, Priority } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import { announceEvent, recordSync, recordVanished } from '../../../keep/store/change.ts';
import type { StoredChangeset } from '../../../keep/store/changesets.ts';
import type { Changeset, ChangesetEvent } from '../../forges/changeset.ts';
import type { ChangesetResult, WantedChangeset } from '../../forges/forge.ts';
import type { ChangesetContext } from '../context.ts';
import type { CallSlots } from '../hosts/call-slots.ts';
import { holdKindOf, postponeForHost } from '../hosts/host-health.ts';
import {
  changeTimeMs,
  latest,
  latestEventMs,
  planNextSync,
  planningOf,
  soonestSyncMs,
} from '../next-sync.ts';
import { BY_HAND } from '../schedule.ts';
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
      if (!changeset) return;
      await context.changesets.recordFailure(changeset.id, toErrorRecord(error), context.clock.nowMs());
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
  const soonestMs = soonestAfterSync(changeset, startMs, context);
  if (claim.reason !== BY_HAND && soonestMs > startMs)
    return { postponedToMs: soonestMs, reason: claim.reason };
  const news = new EventNews(changeset, startMs, context);
  let result: ChangesetResult;
  let isAnswered = false;
  try {
    result = await batches.ask(wantedOf(changeset), claim.priority, signal);
    isAnswered = true;
    if (result.outcome === 'found') await addEvents(news, result, claim.priority, signal, context);
  } catch (thrown) {
    await news.announce();
    if (signal.aborted) throw thrown;
    const error = asSluiceError(thrown, { subject: changeset.url });
    // A token that may not ask for changesets at all is as good as refused: one message, not one a changeset.
    const kind = !isAnswered && error.code === 'scope_missing' ? 'refused' : holdKindOf(error);
    return postponeForHost(error, claim, context, host, kind);
  }
  if (result.outcome !== 'failed') health.recordSuccess(host);
  if (result.outcome === 'found') return settleAnswered(news, result.changeset, startMs, context);
  if (result.outcome === 'missing') return settleMissing(changeset, startMs, context);
  const kind = holdKindOf(result.error);
  // Of one changeset alone, an error says nothing of its host, unless it is the token or the budget.
  if (kind === 'limited' || kind === 'refused') return postponeForHost(result.error, claim, context, host);
  throw result.error;
}

/** A retry has its own time; here only syncs that succeeded count. */
function soonestAfterSync(
  { host, lastSyncAtMs }: StoredChangeset,
  nowMs: number,
  context: ChangesetContext,
): number {
  return soonestSyncMs({ lastSyncAtMs, lastFailureAtMs: null }, planningOf(host, nowMs, context));
}

/** Events that a sync stores, and when the latest of those happened that were not known before. */
class EventNews {
  readonly changeset: StoredChangeset;
  readonly #startMs: number;
  readonly #context: ChangesetContext;
  /** On this machine's clock. */
  #latestMs: number | null = null;

  constructor(changeset: StoredChangeset, startMs: number, context: ChangesetContext) {
    this.changeset = changeset;
    this.#startMs = startMs;
    this.#context = context;
  }

  get latestMs(): number | null {
    return this.#latestMs;
  }

  async add(events: readonly ChangesetEvent[]): Promise<void> {
    const { changesets, clockSkewMs } = this.#context;
    const { id, host } = this.changeset;
    const added = await changesets.addEvents(id, events.map(storedEvent));
    this.#latestMs = latest(this.#latestMs, latestEventMs(added, clockSkewMs(host), this.#startMs));
  }

  /** The sync failed after they were stored: they will not be new the next time. */
  async announce(): Promise<void> {
    if (this.#latestMs === null) return;
    await this.#context.queue.putAll([], [announceEvent([this.changeset.id], this.#latestMs)]);
  }
}

function wantedOf(changeset: StoredChangeset): WantedChangeset {
  const { host, repository, number, updatedAtMs, headCommit, lastSyncAtMs } = changeset;
  const ref = { host, repository, number };
  if (lastSyncAtMs === null || updatedAtMs === null) return { ref };
  return { ref, eventsSinceMs: updatedAtMs - EVENTS_OVERLAP_MS, headCommit: headCommit ?? undefined };
}

/** Events page by page, as they arrive: what has arrived before an error is kept, and comes again the next time. */
async function addEvents(
  news: EventNews,
  { changeset, events, eventsComplete }: AnsweredChangeset,
  priority: Priority,
  signal: AbortSignal,
  { slots, hosts }: ChangesetSyncContext,
): Promise<void> {
  const known = news.changeset;
  await news.add(events);
  const isUnchanged =
    known.lastSyncAtMs !== null &&
    known.updatedAtMs === changeset.updatedAtMs &&
    known.headCommit === (changeset.head.commit ?? null) &&
    (changeset.checkState === undefined || known.checkState === changeset.checkState) &&
    known.lastError === null;
  if (eventsComplete || isUnchanged) return;
  const options = { signal, priority, sinceMs: wantedOf(known).eventsSinceMs };
  await slots.run(known.host, priority, signal, async () => {
    for await (const page of hosts.of(known.host).fetchEvents(changeset.ref, options)) {
      await news.add(page);
    }
  });
}

async function settleAnswered(
  news: EventNews,
  changeset: Changeset,
  startMs: number,
  context: ChangesetSyncContext,
): Promise<WorkOutcome> {
  const known = news.changeset;
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
    latestEventAtMs: latest(known.latestEventAtMs, news.latestMs),
    vanishedAtMs: null,
    closedAtMs: closedAtMs === undefined ? null : closedAtMs - skewMs,
  };
  const { nextAtMs, reason, load } = planNextSync(
    history,
    planningOf(known.host, context.clock.nowMs(), context),
  );
  const synced = syncedChangeset(changeset, startMs, lastChangeAtMs);
  const changes = [recordSync(known.id, synced, load)];
  if (news.latestMs !== null) changes.push(announceEvent([known.id], news.latestMs));
  return { nextAtMs, reason, changes };
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
