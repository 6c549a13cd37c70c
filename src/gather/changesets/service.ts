import type { Clock } from '../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import type { FaultBoard } from '../../base/ongoing-faults.ts';
import type { Random } from '../../base/random.ts';
import type { Config } from '../../config/schema.ts';
import { CallLimiter } from '../../engine/call-budgets/call-limiter.ts';
import type { EndedWork } from '../../engine/queue/handler.ts';
import type { QueueItem, WorkQueue } from '../../engine/queue/work-queue.ts';
import type { Workers } from '../../engine/workers.ts';
import type { Pause } from '../../keep/local/pauses.ts';
import type {
  ChangesetFilter,
  ChangesetTotals,
  EventPage,
  Page,
  StoredChangeset,
  StoredEvent,
  WebhookTotals,
} from '../../keep/store/changesets.ts';
import type { Store } from '../../keep/store/store.ts';
import type { ForgeImplementations, ForgeKind } from '../forges/definitions.ts';
import type { ForgeSettings } from '../forges/forge.ts';
import { forgeSettings } from '../forges/settings.ts';
import type { ChangesetContext } from './context.ts';
import { changesetAt, followByHand, followExactly, pagesOf, unfollow } from './following/follow.ts';
import { wantedChangesets } from './following/sources.ts';
import { CallForecasts, type HostForecast } from './hosts/call-forecasts.ts';
import { CodeHosts } from './hosts/code-hosts.ts';
import { HostHealth, type HostHold, holdReason } from './hosts/host-health.ts';
import { SharedSlots } from './hosts/shared-slots.ts';
import { type UnseenAtHost, UnseenAtHosts } from './hosts/unseen-at-hosts.ts';
import { type ListedChangeset, listedChangeset } from './listed-changeset.ts';
import { SyncPlanner } from './planner.ts';
import { BY_HAND, CHANGESET_KIND, changesetKey, firstInLine, hostOfGroup } from './schedule.ts';
import {
  checkSender,
  namesEvent,
  receiveWebhook,
  type WebhookOutcome,
  type WebhookRequest,
} from './webhooks.ts';
import { createChangesetWorkers } from './workers.ts';

/** Repositories whose webhooks seem not to arrive, shown at the most. */
const GAPS_SHOWN = 100;
/** So many changes in a row that no webhook announced are no accident. */
const GAP_FROM = 3;
/** A host whose webhooks were taken off says nothing of it: that they were refused is over by itself then. */
const REFUSED_SHOWN_MS = 86_400_000;

/** Credentials that a host does not accept. */
export interface HostRefusal {
  readonly host: string;
  readonly credentials: readonly string[];
  /** How many that are configured it does accept, as far as is known. */
  readonly others: number;
}

export interface ChangesetsOptions {
  readonly forges: ForgeImplementations;
  readonly config: () => Config;
  readonly stores: () => { readonly store: Store; readonly queue: WorkQueue };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly faults?: FaultBoard;
  /** What somebody paused, as it is now. */
  readonly pauses?: () => readonly Pause[];
  /** A push was announced for a repository; these are spellings of its address. */
  readonly onPush: (repositoryUrls: readonly string[]) => Promise<void>;
  /** Called with every piece of work that is over, for metrics. */
  readonly onEnd?: (ended: EndedWork) => void;
}

/**
 * Changesets kept fresh: what is followed (following/), the workers that sync it (sync/, workers.ts), what hosts bear
 * (hosts/), webhooks, and when each is next (next-sync.ts).
 *
 *   idle ──start(), after the stores are open──▶ running ──stop(), before they close──▶ stopped
 */
export class Changesets implements Service {
  readonly name = 'changesets';
  readonly limiter: CallLimiter;
  /**
   * The code hosts, which owners of repositories are listed at as well: a service that starts before all that ask them.
   */
  readonly hosts: CodeHosts;
  readonly #options: ChangesetsOptions;
  readonly #health: HostHealth;
  readonly #unseen: UnseenAtHosts;
  readonly #forecasts: CallForecasts;
  readonly #planner: SyncPlanner;
  #workers: Workers | undefined;
  #sharedSlots: SharedSlots | undefined;
  readonly #stopping = new AbortController();
  #lives: Promise<void> = Promise.resolve();

  constructor(options: ChangesetsOptions) {
    const { clock, log, config } = options;
    this.#options = options;
    this.limiter = new CallLimiter({
      clock,
      allowance: (host, resource) => {
        const { maxCallsPerHour, maxPointsPerHour } = config().hosts[host] ?? {};
        return { maxPerHour: resource === 'graphql' ? maxPointsPerHour : maxCallsPerHour };
      },
      onRefused: (host, credential) => {
        const id = this.#credentialName(host, credential);
        log.warn({ host, credential: id }, `${host} refuses ${id}`);
      },
      shared: () => options.stores().store.sharedCalls,
      beforeCall: () => {
        this.#workers?.checkClaims();
        this.#sharedSlots?.check();
      },
    });
    this.hosts = new CodeHosts(options.forges.open, this.limiter, () => settingsIn(config()));
    this.#health = new HostHealth(options);
    this.#unseen = new UnseenAtHosts(options);
    this.#forecasts = new CallForecasts(clock, (host, resource) =>
      this.limiter.resourceBudget(host, resource),
    );
    this.#planner = new SyncPlanner({
      clock,
      log,
      limiter: this.limiter,
      forecasts: this.#forecasts,
      listEveryMs: () => config().changesets.discoverEveryMs,
      context: () => this.#context(),
    });
  }

  async start(): Promise<void> {
    if (this.#workers) return;
    await this.hosts.start();
    const context = this.#context();
    const wanted = wantedChangesets(this.#options.config(), this.hosts);
    const { budgets } = context.changesets;
    this.#configureCredentials();
    const { sharedCalls } = this.#options.stores().store;
    if (sharedCalls) await this.limiter.share();
    else this.limiter.restore(await budgets.list());
    this.#sharedSlots = sharedCalls && new SharedSlots(sharedCalls, this.#options.clock);
    this.#forecasts.restore(await budgets.forecasts());
    this.#workers = createChangesetWorkers(context, this.#options, this.#sharedSlots, ended =>
      this.#recordEnd(ended),
    );
    await this.#workers.start();
    await followExactly(wanted, context);
    this.#planner.start();
    this.#lives = this.#makeLives();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new SluiceError('stopping', 'the station is stopping'));
    await this.#lives;
    await this.#planner.stop();
    await this.#workers?.stop();
    this.#sharedSlots?.stop();
    if (this.#workers) await this.#planner.saveBudgets();
    this.#workers = undefined;
  }

  /** After an upgrade, so that the first who asks for figures need not wait for them. */
  async #makeLives(): Promise<void> {
    const { stores, log } = this.#options;
    try {
      await stores().store.changesets.makeLives(this.#stopping.signal);
    } catch (error) {
      if (!this.#stopping.signal.aborted) log.warn({ err: error }, 'could not make the lives of changesets');
    }
  }

  /** Whether a configuration can be taken over. Throws `url_invalid` for an address on no known host. */
  async check(config: Config): Promise<void> {
    const hosts = new CodeHosts(this.#options.forges.open, this.limiter, () => settingsIn(config));
    try {
      await hosts.start();
      wantedChangesets(config, hosts);
    } finally {
      await hosts.stop();
    }
  }

  /** Takes over the configuration now in force; what has not changed goes on undisturbed. */
  async reconfigure(before: Config): Promise<void> {
    const config = this.#options.config();
    for (const host of await this.hosts.refresh()) this.#forgive(host);
    this.#configureCredentials();
    await followExactly(wantedChangesets(config, this.hosts), this.#context());
    const rhythmIn = ({ schedule, changesets, hosts }: Config): string =>
      JSON.stringify([schedule, changesets.forgetClosedAfterMs, hosts]);
    if (rhythmIn(before) !== rhythmIn(config)) this.#planner.rescheduleAll();
  }

  /** Whether an address is a changeset's on a known host. */
  isChangeset(url: string): boolean {
    return this.hosts.isChangeset(url);
  }

  /** The key on the schedule of what an address means; undefined where it is not that of a changeset. */
  keyOf(url: string): string | undefined {
    return this.hosts.isChangeset(url) ? changesetKey(this.hosts.locate(url)) : undefined;
  }

  /** Follows one by its address, first in line. Throws `url_invalid`. */
  async track(url: string): Promise<ListedChangeset> {
    return this.#listed(await followByHand(url, this.#context()));
  }

  /** Follows one no longer. Throws `url_invalid`, `not_found`. */
  async untrack(url: string): Promise<ListedChangeset> {
    await unfollow(url, this.#context());
    return this.find(url);
  }

  /** Throws `url_invalid`, `not_found`. */
  async find(url: string): Promise<ListedChangeset> {
    return this.#listed(await changesetAt(url, this.#context()));
  }

  /** What happened to one, oldest first; all of it unless a page is given. Throws `url_invalid`, `not_found`. */
  async events(url: string, page?: EventPage): Promise<readonly StoredEvent[]> {
    const context = this.#context();
    return context.changesets.events((await changesetAt(url, context)).id, page);
  }

  async list(filter: ChangesetFilter, page: Page): Promise<ListedChangeset[]> {
    const changesets = await this.#context().changesets.list(filter, page);
    const items = await this.#context().queue.getMany(changesets.map(({ key }) => key));
    return changesets.map(changeset => this.#withNext(changeset, items.get(changeset.key)));
  }

  /** How many `list` would answer on all its pages. */
  count(filter: ChangesetFilter): Promise<number> {
    return this.#context().changesets.count(filter);
  }

  /**
   * Makes followed changesets due now, by address. Throws `url_invalid`, `not_found` before any is. @returns how many
   */
  async syncNow(urls: readonly string[]): Promise<number> {
    const context = this.#context();
    const changesets: StoredChangeset[] = [];
    for (const url of urls) {
      const changeset = await changesetAt(url, context);
      if (!changeset.followed) throw new SluiceError('not_found', `${url} is not followed`);
      changesets.push(changeset);
    }
    return this.#makeDueNow(changesets);
  }

  /** As `syncNow`, for all followed ones that fit, but those of some addresses. */
  async syncWhere(filter: ChangesetFilter, exceptUrls: readonly string[] = []): Promise<number> {
    let count = 0;
    const except = new Set(exceptUrls);
    const pages = pagesOf({ ...filter, followed: true }, this.#context().changesets);
    for await (const page of pages)
      count += await this.#makeDueNow(page.filter(({ url }) => !except.has(url)));
    return count;
  }

  /** Whether a webhook of those headers can be believed, before its body is read. Throws `signature_invalid`. */
  checkSender(kind: ForgeKind, headers: WebhookRequest['headers']): void {
    try {
      checkSender(kind, headers, this.#options.forges.webhooksOf(kind), this.#context());
    } catch (error) {
      this.#refused(kind, headers, error);
      throw error;
    }
  }

  /** Takes in a webhook. Throws `signature_invalid`, `body_invalid`. */
  async receive(
    kind: ForgeKind,
    headers: WebhookRequest['headers'],
    rawBody: Buffer,
  ): Promise<WebhookOutcome> {
    const { forges, onPush, faults } = this.#options;
    try {
      const webhooks = forges.webhooksOf(kind);
      const outcome = await receiveWebhook({ kind, headers, rawBody }, webhooks, this.#context(), onPush);
      faults?.end(`webhooks ${kind}`);
      return outcome;
    } catch (error) {
      this.#refused(kind, headers, error);
      throw error;
    }
  }

  /** What names no event of a code host is of somebody who tries addresses, and no concern of the station's. */
  #refused(kind: ForgeKind, headers: WebhookRequest['headers'], error: unknown): void {
    if (!namesEvent(headers) || asSluiceError(error).code !== 'signature_invalid') return;
    this.#options.faults?.begin(`webhooks ${kind}`, error, {
      words: `webhooks of ${kind} are refused`,
      hint: 'Set the same secret at the host and in hosts.<name>.webhookSecret; until then changes are seen by their schedule.',
      forMs: REFUSED_SHOWN_MS,
    });
  }

  totals(): Promise<ChangesetTotals[]> {
    return this.#context().changesets.totals();
  }

  forecasts(): readonly HostForecast[] {
    return this.#forecasts.all();
  }

  holds(): readonly HostHold[] {
    return this.#health.holds();
  }

  /** What of the hosts' answers cannot be read, though the rest is. */
  unseen(): readonly UnseenAtHost[] {
    return this.#unseen.all();
  }

  /** Repositories whose webhooks seem not to arrive. */
  async webhookGaps(): Promise<readonly WebhookTotals[]> {
    const totals = await this.#context().changesets.webhooks.totals(GAPS_SHOWN);
    return totals.filter(({ missedSince }) => missedSince >= GAP_FROM);
  }

  /** Hosts that refuse credentials now, and which, by the names that messages give them. */
  refusals(): readonly HostRefusal[] {
    return this.hosts.settings().flatMap(({ host, credentials }) => {
      const refused = this.limiter.refused(host).map(identity => this.#credentialName(host, identity));
      return refused.length === 0
        ? []
        : [{ host, credentials: refused, others: credentials.length - refused.length }];
    });
  }

  /** Asks a host that is on hold again with what is due next. Throws `not_found` for one that is not. */
  probe(host: string): void {
    if (!this.#health.holds().some(hold => hold.host === host && hold.kind !== 'paused'))
      throw new SluiceError('not_found', `${host} is not on hold, or paused`);
    this.#forgive(host);
    this.#workers?.wake();
  }

  /** What `pauses` answers has changed. */
  pausesChanged(): void {
    this.#workers?.wake();
  }

  #configureCredentials(): void {
    for (const { host, credentials } of this.hosts.settings())
      this.limiter.configure(
        host,
        credentials.map(({ identity }) => identity),
      );
  }

  #credentialName(host: string, identity: string): string {
    const settings = this.hosts.settings().find(each => each.host === host);
    return settings?.credentials.find(each => each.identity === identity)?.id ?? 'access without a token';
  }

  #context(): ChangesetContext {
    const { config, stores, clock } = this.#options;
    const { store, queue } = stores();
    return {
      changesets: store.changesets,
      sharesCalls: store.sharedCalls !== undefined,
      queue,
      clock,
      hosts: this.hosts,
      health: this.#health,
      unseen: this.#unseen,
      rhythm: host => ({ ...config().schedule, stretch: this.#forecasts.stretchOf(host) }),
      forgetClosedAfterMs: () => config().changesets.forgetClosedAfterMs,
      clockSkewMs: host => this.limiter.clockSkewMs(host),
      expectsWebhooks: host => config().hosts[host]?.webhookSecret !== undefined,
    };
  }

  async #listed(changeset: StoredChangeset): Promise<ListedChangeset> {
    return this.#withNext(changeset, await this.#context().queue.get(changeset.key));
  }

  #withNext(changeset: StoredChangeset, item: QueueItem | undefined): ListedChangeset {
    const hold = this.#health.holdOf(changeset.host, item?.priority ?? 'normal');
    return listedChangeset(changeset, item, hold && { why: holdReason(hold), untilMs: hold.untilMs });
  }

  /** First in line; by hand, a host on hold is asked again as well. */
  async #makeDueNow(changesets: readonly StoredChangeset[]): Promise<number> {
    for (const host of new Set(changesets.map(({ host }) => host))) this.#forgive(host);
    const { queue, clock } = this.#context();
    const nowMs = clock.nowMs();
    await queue.putAll(
      changesets.map(({ key, host }) => ({ key, request: firstInLine(host, BY_HAND, nowMs) })),
    );
    return changesets.length;
  }

  #forgive(host: string): void {
    this.limiter.forgive(host);
    this.#health.forgive(host);
  }

  #recordEnd(ended: EndedWork): void {
    const { kind, group } = ended.claim;
    if (kind === CHANGESET_KIND && ended.ending === 'done') this.#forecasts.countSync(hostOfGroup(group));
    this.#options.onEnd?.(ended);
  }
}

function settingsIn(config: Config): ForgeSettings[] {
  return forgeSettings(config, config.changesets.timeoutMs);
}
