import { asSluiceError, fromErrorRecord, toErrorRecord } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim, Priority } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import { announceEvent, recordSync, recordVanished } from '../../../keep/store/change.ts';
import type { StoredChangeset } from '../../../keep/store/changesets.ts';
import type { Changeset, ChangesetEvent } from '../../forges/changeset.ts';
import type { ChangesetResult, WantedChangeset } from '../../forges/forge.ts';
import { PartReader, type Unseen } from '../../forges/unseen.ts';
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
import { isGone, repositoryUnseen } from './missing.ts';
import { storedEvent, syncedChangeset, updatedAtMs } from './synced-changeset.ts';
import { eventsSeenToMs, hasSeenEnough, planWithUnseen, unseenParts } from './unseen-parts.ts';

export interface ChangesetSyncContext extends ChangesetContext {
  /** By which changesets are asked for. */
  readonly batches: Batches;
  /** Room for what does not go in batches: events that did not come along. */
  readonly slots: CallSlots;
  readonly random: Random;
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
  let result: ChangesetResult;
  try {
    result = await batches.ask(wantedOf(changeset, context), claim.priority, signal);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asSluiceError(thrown, { subject: changeset.url });
    // A token that may not ask for changesets at all is as good as refused: one message, not one a changeset.
    const kind = error.code === 'scope_missing' ? 'refused' : holdKindOf(error);
    return postponeForHost(error, claim, context, host, kind);
  }
  const answeredMs = clock.nowMs();
  if (result.outcome === 'failed') return postponeForHost(result.error, claim, context, host);
  health.recordSuccess(host);
  if (result.outcome === 'missing') {
    if (!isGone(changeset, result, claim.attempt, startMs)) throw repositoryUnseen(changeset, result.error);
    context.unseen.forget(changeset.url);
    return settleMissing(changeset, startMs, context);
  }
  const news = new EventNews(changeset, startMs, context);
  try {
    const unseen = await addEvents(news, result, claim.priority, signal, context);
    const eventsMs = clock.nowMs();
    context.unseen.record(host, changeset.url, unseen);
    const outcome = await settleAnswered(news, result.changeset, unseen, startMs, context);
    const steps = [
      { name: 'ask', startMs, endMs: answeredMs },
      { name: 'events', startMs: answeredMs, endMs: eventsMs },
    ];
    return { ...outcome, steps };
  } catch (thrown) {
    await news.announce();
    throw thrown;
  }
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

function wantedOf(
  changeset: StoredChangeset,
  { clockSkewMs }: Pick<ChangesetContext, 'clockSkewMs'>,
): WantedChangeset {
  const { host, repository, number, headCommit, lastSyncAtMs } = changeset;
  const ref = { host, repository, number };
  const seenToMs = eventsSeenToMs(changeset);
  if (lastSyncAtMs === null || seenToMs === null) return { ref };
  // A host may say that a changeset was last updated next century.
  const sinceMs = Math.min(seenToMs, lastSyncAtMs + clockSkewMs(host)) - EVENTS_OVERLAP_MS;
  return { ref, eventsSinceMs: sinceMs, headCommit: headCommit ?? undefined };
}

/**
 * Events page by page, as they arrive. Parts that cannot be read, or not to their end, keep what has arrived of them and
 * what was stored before.
 * @returns what could not be read of the changeset
 */
async function addEvents(
  news: EventNews,
  { changeset, events, eventsComplete, seen, unseen }: AnsweredChangeset,
  priority: Priority,
  signal: AbortSignal,
  context: ChangesetSyncContext,
): Promise<readonly Unseen[]> {
  const { slots, hosts } = context;
  const known = news.changeset;
  await news.add(events);
  if (eventsComplete) return unseen;
  if (isUnchanged(known, changeset)) {
    const left = (known.unseen?.parts ?? []).filter(({ part }) => !seen.includes(part));
    return [...unseen, ...left.map(({ part, error }) => ({ part, error: fromErrorRecord(error) }))];
  }
  const { eventsSinceMs: sinceMs } = wantedOf(known, context);
  const parts = await slots.run(known.host, priority, signal, async held => {
    const reader = new PartReader(held);
    const options = { signal: held, priority, sinceMs, onUnseen: reader.note };
    const pages = reader.pages('events', () => hosts.of(known.host).fetchEvents(changeset.ref, options));
    for await (const page of pages) await news.add(page);
    return reader;
  });
  return [...unseen, ...parts.unseen];
}

/** Whether nothing has happened since the events were read. */
function isUnchanged(known: StoredChangeset, { updatedAtMs, head, checkState }: Changeset): boolean {
  return (
    known.lastSyncAtMs !== null &&
    updatedAtMs !== undefined &&
    known.updatedAtMs === updatedAtMs &&
    known.headCommit === (head.commit ?? known.headCommit) &&
    (checkState === undefined || known.checkState === checkState) &&
    known.lastError === null &&
    hasSeenEnough(known)
  );
}

async function settleAnswered(
  news: EventNews,
  changeset: Changeset,
  unseen: readonly Unseen[],
  startMs: number,
  context: ChangesetSyncContext,
): Promise<WorkOutcome> {
  const known = news.changeset;
  const skewMs = context.clockSkewMs(known.host);
  const changedAtMs = updatedAtMs(changeset, known);
  // A host that never says when a changeset was updated would else keep it at the fastest rhythm.
  const unsaidMs = known.lastChangeAtMs ?? startMs;
  const lastChangeAtMs = changedAtMs === null ? unsaidMs : changeTimeMs(known, changedAtMs, skewMs, startMs);
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
  const nowMs = context.clock.nowMs();
  const plan = planNextSync(history, planningOf(known.host, nowMs, context));
  const parts = unseenParts(known, unseen);
  const { nextAtMs, reason, load } = planWithUnseen(plan, parts, unseen, context.random, nowMs);
  const synced = syncedChangeset(changeset, known, startMs, lastChangeAtMs, parts);
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
