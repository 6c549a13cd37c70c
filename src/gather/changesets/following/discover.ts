import type { Clock } from '../../../base/clock.ts';
import { asSluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim, ScheduleEntry, WorkQueue } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import type { SyncRhythm } from '../../../engine/schedule.ts';
import {
  announceEvent,
  followChangesets,
  recordListing,
  type StoreChange,
} from '../../../keep/store/change.ts';
import type {
  ChangesetStore,
  StoredChangeset,
  StoredChangesetSource,
} from '../../../keep/store/changesets.ts';
import type { ChangesetSummary } from '../../forges/changeset.ts';
import type { ChangesetPage, Forge } from '../../forges/forge.ts';
import type { CallSlots } from '../hosts/call-slots.ts';
import type { HostHealth } from '../hosts/host-health.ts';
import { atPlannedTime, CHANGESET_KIND, groupOf, keyOf, planSync, sourceOfKey } from '../next-sync.ts';
import { postponedBy } from '../sync/handler.ts';
import { changeTimeMs, isUnannounced } from '../sync/synced-changeset.ts';
import { type ChangesetSource, sourceNamed } from './sources.ts';

export interface DiscoverTools {
  readonly changesets: ChangesetStore;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly slots: CallSlots;
  readonly board: HostHealth;
  readonly forge: (host: string) => Forge;
  readonly rhythm: (host: string) => SyncRhythm;
  readonly discoverEveryMs: () => number;
  readonly forgetClosedAfterMs: () => number;
  readonly clockSkewMs: (host: string) => number;
  readonly expectsWebhooks: (host: string) => boolean;
}

/** A listing reaches back this far beyond the one before, for what changed while that one ran. */
const OVERLAP_MS = 5 * 60_000;

/** What the workers do with a source whose time has come: list what is open, follow what is new (C1). */
export function sourceHandler(tools: DiscoverTools): WorkHandler {
  return {
    retry: SYNC_RETRY,
    run: (claim, signal) => listClaimed(claim, signal, tools),
    onFailure: ({ claim, error }) =>
      tools.changesets.recordSourceFailure(sourceOfKey(claim.key), toErrorRecord(error)),
  };
}

async function listClaimed(claim: Claim, signal: AbortSignal, tools: DiscoverTools): Promise<WorkOutcome> {
  const { changesets, clock, board, slots } = tools;
  const name = sourceOfKey(claim.key);
  const source = sourceNamed(name);
  const known = (await changesets.sources()).find(each => each.name === name);
  if (!source || !known) return { nextAtMs: null, reason: 'no longer wanted' };
  const startMs = clock.nowMs();
  try {
    const list = (): Promise<Listed> => new Listing(source, known, claim, signal, tools).run();
    const { found, etag } = await slots.run(source.host, claim.priority, signal, list);
    board.recordSuccess(source.host);
    const { stretch = 1 } = tools.rhythm(source.host);
    return {
      nextAtMs: startMs + Math.round(tools.discoverEveryMs() * Math.max(1, stretch)),
      reason: 'look for newly opened changesets',
      changes: [recordListing(name, { listedAtMs: startMs, etag, found })],
    };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return postponedBy(asSluiceError(thrown, { subject: name }), source.host, claim, board);
  }
}

interface Listed {
  readonly found: number;
  readonly etag: string | undefined;
}

/** One listing of a source: page by page, what has arrived is kept whatever comes after. */
class Listing {
  readonly #source: ChangesetSource;
  readonly #known: StoredChangesetSource;
  readonly #options: { readonly signal: AbortSignal; readonly priority: 'high' | 'normal' };
  readonly #tools: DiscoverTools;
  #found = 0;

  constructor(
    source: ChangesetSource,
    known: StoredChangesetSource,
    claim: Claim,
    signal: AbortSignal,
    tools: DiscoverTools,
  ) {
    this.#source = source;
    this.#known = known;
    this.#options = { signal, priority: claim.priority };
    this.#tools = tools;
  }

  async run(): Promise<Listed> {
    const { kind, host, what } = this.#source;
    const forge = this.#tools.forge(host);
    if (kind === 'repository') {
      const { etag } = this.#known;
      const options = { ...this.#options, ...(etag === null ? {} : { etag }) };
      return this.#take(forge.listChangesets(what, options));
    }
    const search =
      kind === 'query'
        ? ({ kind, query: what } as const)
        : kind === 'owner'
          ? ({ kind, owner: what } as const)
          : ({ kind, author: what } as const);
    const listed = await this.#take(forge.searchChangesets(search, this.#options));
    // A search that ends early is completed from the repositories, once.
    if (listed.truncated && kind === 'owner' && this.#known.listedAtMs === null)
      await this.#byRepository(forge);
    return { found: this.#found, etag: undefined };
  }

  async #byRepository(forge: Forge): Promise<void> {
    for await (const page of forge.listRepositories(this.#source.what, this.#options)) {
      for (const { path, isEmpty } of page.repositories) {
        if (!isEmpty) await this.#take(forge.listChangesets(path, this.#options));
      }
    }
  }

  /** Last updated first, so a later listing ends where nothing can be new. */
  async #take(pages: AsyncIterable<ChangesetPage>): Promise<Listed & { readonly truncated: boolean }> {
    const { listedAtMs, etag: etagBefore } = this.#known;
    const skewMs = this.#tools.clockSkewMs(this.#source.host);
    const backToMs = listedAtMs === null ? undefined : listedAtMs + skewMs - OVERLAP_MS;
    let etag: string | undefined;
    let truncated = false;
    for await (const page of pages) {
      if (page.notModified) return { found: this.#known.found, etag: etagBefore ?? undefined, truncated };
      etag ??= page.etag;
      truncated ||= page.truncated;
      this.#found += page.changesets.length;
      await absorb(page.changesets, this.#source.name, this.#tools);
      const oldest = page.changesets.at(-1);
      if (backToMs !== undefined && oldest && oldest.updatedAtMs < backToMs) break;
    }
    return { found: this.#found, etag, truncated };
  }
}

/**
 * Takes a page of a listing in, with its places on the schedule, in one transaction: new ones are followed and
 * due at once; known ones that have changed since their last sync are placed by that.
 */
export async function absorb(
  summaries: readonly ChangesetSummary[],
  source: string,
  tools: DiscoverTools,
): Promise<void> {
  const { changesets, queue, clock } = tools;
  const nowMs = clock.nowMs();
  const known = await changesets.byAddresses(summaries.map(({ ref }) => ref));
  const byKey = new Map(known.map(changeset => [keyOf(changeset), changeset]));
  const puts: ScheduleEntry[] = [];
  const changes: StoreChange[] = [];
  for (const summary of summaries) {
    const before = byKey.get(keyOf(summary.ref));
    if (!before?.followed) {
      const key = before?.key ?? (await freeKey(keyOf(summary.ref), changesets));
      const { ref, url, title, author } = summary;
      const wanted = { ...ref, key, url, title, ...(author === undefined ? {} : { author: author.login }) };
      changes.push(followChangesets([wanted], source, nowMs));
      const first = {
        kind: CHANGESET_KIND,
        group: groupOf(ref.host),
        runAtMs: nowMs,
        reason: 'newly opened',
      };
      puts.push({ key, request: first });
    } else if (before.updatedAtMs !== null && summary.updatedAtMs > before.updatedAtMs) {
      await announceChange(before, summary, nowMs, { tools, puts, changes });
    }
  }
  if (puts.length > 0) await queue.putAll(puts, changes);
}

/** A key is kept when its repository is renamed; what has come to stand at the old name since gets another. */
async function freeKey(key: string, changesets: ChangesetStore): Promise<string> {
  let free = key;
  for (let next = 2; await changesets.byKey(free); next += 1) free = `${key} (${next})`;
  return free;
}

async function announceChange(
  before: StoredChangeset,
  summary: ChangesetSummary,
  nowMs: number,
  { tools, puts, changes }: { tools: DiscoverTools; puts: ScheduleEntry[]; changes: StoreChange[] },
): Promise<void> {
  const { changesets, rhythm } = tools;
  const { host } = before;
  const changedAtMs = changeTimeMs(before, summary.updatedAtMs, tools.clockSkewMs(host), nowMs);
  if (changedAtMs <= (before.latestEventAtMs ?? 0)) return;
  if (tools.expectsWebhooks(host) && isUnannounced(before, changedAtMs, nowMs)) {
    await changesets.webhooks.countMissed(host, before.repository);
  }
  changes.push(announceEvent([before.id], changedAtMs));
  // The change lies before the last sync where the host was slow to show it: then it counts as of now.
  const latestEventAtMs = Math.max(changedAtMs, (before.lastSyncAtMs ?? 0) + 1);
  const plan = planSync(
    { ...before, latestEventAtMs },
    {
      ...{ nowMs, rhythm: rhythm(host), forgetClosedAfterMs: tools.forgetClosedAfterMs() },
    },
  );
  puts.push({
    key: before.key,
    request: atPlannedTime(host, { ...plan, reason: 'a listing shows a change' }, nowMs),
  });
}
