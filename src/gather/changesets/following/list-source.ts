import { asSluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim, Priority } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import { recordListing } from '../../../keep/store/change.ts';
import type { StoredChangesetSource } from '../../../keep/store/changesets.ts';
import type { ChangesetPage, ChangesetSearch, Forge, ForgeCallOptions } from '../../forges/forge.ts';
import { isOfOneRepository, type Unseen } from '../../forges/unseen.ts';
import type { ChangesetContext } from '../context.ts';
import type { CallSlots } from '../hosts/call-slots.ts';
import { postponeForHost } from '../hosts/host-health.ts';
import { possibleMs } from '../next-sync.ts';
import { LISTING_REASON, sourceOfKey } from '../schedule.ts';
import { followListed } from './follow-listed.ts';
import { type ChangesetSource, sourceNamed } from './sources.ts';
import { WholeListings } from './whole-listings.ts';

/** A listing reaches back this far beyond the one before, for what changed while that one ran. */
const OVERLAP_MS = 5 * 60_000;

export interface ListingContext extends ChangesetContext {
  readonly slots: CallSlots;
  /** How often a source is listed, unless its host's intervals are stretched. */
  readonly listEveryMs: () => number;
}

/** What the workers do with a source whose time has come: list what is open there, and follow what is new. */
export function sourceHandler(context: ListingContext): WorkHandler {
  const whole = new WholeListings();
  return {
    retry: SYNC_RETRY,
    run: (claim, signal) => listClaimed(claim, signal, whole, context),
    onFailure: ({ claim, error }) =>
      context.changesets.recordSourceFailure(sourceOfKey(claim.key), toErrorRecord(error)),
  };
}

async function listClaimed(
  claim: Claim,
  signal: AbortSignal,
  whole: WholeListings,
  context: ListingContext,
): Promise<WorkOutcome> {
  const { changesets, clock, health, slots } = context;
  const name = sourceOfKey(claim.key);
  const source = sourceNamed(name);
  const known = (await changesets.sources()).find(each => each.name === name);
  if (!source || !known) {
    whole.drop(name);
    return { nextAtMs: null, reason: 'no longer wanted' };
  }
  const { host } = source;
  const startMs = clock.nowMs();
  const isFirst = known.listedAtMs === null;
  const isWhole = whole.isDue(name, isFirst, startMs);
  try {
    const { listing, found, etag } = await slots.run(host, claim.priority, signal, async held => {
      const begun = new Listing(source, { ...known, isWhole }, claim, held, context);
      return { listing: begun, ...(await begun.run()) };
    });
    health.recordSuccess(host);
    if (isWhole) whole.record(name, { isFirst, pages: listing.pages }, startMs);
    if (!listing.isUnchanged) context.unseen.record(host, name, listing.unseen);
    const { stretch = 1 } = context.rhythm(host);
    return {
      nextAtMs: startMs + Math.round(context.listEveryMs() * Math.max(1, stretch)),
      reason: LISTING_REASON,
      changes: [recordListing(name, { listedAtMs: startMs, etag, changesets: found })],
    };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return postponeForHost(asSluiceError(thrown, { subject: name }), claim, context, host);
  }
}

/** Of a listing, what is recorded: how many changesets it showed, and by what the host knows it again. */
interface Listed {
  readonly found: number;
  readonly etag: string | undefined;
}

/** What is known of a source before it is listed, and whether it is to be listed to its end. */
interface KnownSource extends StoredChangesetSource {
  readonly isWhole: boolean;
}

/** One listing of a source: page by page, what has arrived is kept whatever comes after. */
class Listing {
  readonly #source: ChangesetSource;
  readonly #known: KnownSource;
  readonly #options: ForgeCallOptions & { readonly signal: AbortSignal; readonly priority: Priority };
  readonly #context: ChangesetContext;
  /** What could not be read so far, though the rest was. */
  readonly unseen: Unseen[] = [];
  /** The host says that it is as it was the last time; then what was unseen is so still. */
  isUnchanged = false;
  pages = 0;
  /** Changesets listed so far. */
  #count = 0;

  constructor(
    source: ChangesetSource,
    known: KnownSource,
    { priority }: Claim,
    signal: AbortSignal,
    context: ChangesetContext,
  ) {
    this.#source = source;
    this.#known = known;
    this.#options = { signal, priority, onUnseen: unseen => void this.unseen.push(unseen) };
    this.#context = context;
  }

  async run(): Promise<Listed> {
    const { kind, host, what } = this.#source;
    const forge = this.#context.hosts.of(host);
    if (kind === 'repository') {
      const etag = this.#known.isWhole ? undefined : (this.#known.etag ?? undefined);
      return this.#take(forge.listChangesets(what, { ...this.#options, etag }));
    }
    const listed = await this.#take(forge.searchChangesets(searchFor(kind, what), this.#options));
    // A search that ends early is completed from the repositories, once.
    if (listed.truncated && kind === 'owner' && this.#known.listedAtMs === null)
      await this.#byRepository(forge);
    return { found: this.#count, etag: undefined };
  }

  async #byRepository(forge: Forge): Promise<void> {
    for await (const page of forge.listRepositories(this.#source.what, this.#options)) {
      for (const { path, isEmpty } of page.repositories) if (!isEmpty) await this.#oneOfMany(forge, path);
    }
  }

  /** A repository that the host does not show costs itself. */
  async #oneOfMany(forge: Forge, path: string): Promise<void> {
    try {
      await this.#take(forge.listChangesets(path, this.#options));
    } catch (error) {
      if (!isOfOneRepository(error)) throw error;
      this.unseen.push({ part: `changesets of ${path}`, error });
    }
  }

  /** Last updated first, so a later listing ends where nothing can be new. */
  async #take(pages: AsyncIterable<ChangesetPage>): Promise<Listed & { readonly truncated: boolean }> {
    const { etag: etagBefore, changesets: countBefore, isWhole } = this.#known;
    // Under a clock that was ahead the last one seems to be yet to come: everything is listed again.
    const nowMs = this.#context.clock.nowMs();
    const isPast = (this.#known.listedAtMs ?? 0) <= nowMs;
    const listedAtMs = isPast ? this.#known.listedAtMs : null;
    const skewMs = this.#context.clockSkewMs(this.#source.host);
    const backToMs = isWhole || listedAtMs === null ? undefined : listedAtMs + skewMs - OVERLAP_MS;
    let etag: string | undefined;
    let truncated = false;
    for await (const page of pages) {
      if (page.notModified) {
        this.isUnchanged = true;
        return { found: countBefore, etag: etagBefore ?? undefined, truncated };
      }
      this.pages += 1;
      etag ??= page.etag;
      truncated ||= page.truncated;
      this.#count += page.changesets.length;
      await followListed(page.changesets, this.#source.name, this.#context);
      // One without a time, or with one that cannot be, may stand anywhere: the last that has one tells where we are.
      const times = page.changesets.map(({ updatedAtMs }) =>
        possibleMs(updatedAtMs, nowMs + Math.max(0, skewMs)),
      );
      const oldestMs = times.findLast(atMs => atMs !== undefined);
      if (backToMs !== undefined && oldestMs !== undefined && oldestMs < backToMs) break;
    }
    return { found: this.#count, etag, truncated };
  }
}

function searchFor(kind: 'owner' | 'author' | 'query', what: string): ChangesetSearch {
  switch (kind) {
    case 'owner':
      return { kind, owner: what };
    case 'author':
      return { kind, author: what };
    case 'query':
      return { kind, query: what };
  }
}
