import { SluiceError } from '../../base/errors.ts';
import type { Service } from '../../base/lifecycle.ts';
import { Serializer } from '../../base/serializer.ts';
import type { Config } from '../../config/schema.ts';
import { CallLimiter } from '../../engine/call-budgets/call-limiter.ts';
import type { EndedWork } from '../../engine/queue/handler.ts';
import type { SyncRhythm } from '../../engine/schedule.ts';
import type { Workers } from '../../engine/workers.ts';
import type {
  ChangesetFilter,
  ChangesetTotals,
  Page,
  StoredChangeset,
  StoredEvent,
  WebhookTotals,
} from '../../keep/store/changesets.ts';
import type { Store } from '../../keep/store/store.ts';
import type { ForgeKind } from '../forges/definitions.ts';
import { forgeSettings } from '../forges/settings.ts';
import type { WebhookHeaders } from '../forges/webhook.ts';
import {
  changesetAt,
  type FollowTools,
  followByHand,
  followExactly,
  pagesOf,
  reschedule,
  unfollow,
} from './following/follow.ts';
import { wantedChangesets } from './following/sources.ts';
import { CallForecasts, type HostForecast } from './hosts/call-forecasts.ts';
import { CodeHosts } from './hosts/code-hosts.ts';
import { HostHealth, type HostHold, holdReason } from './hosts/host-health.ts';
import { type ListedChangeset, listedChangeset } from './listed-changeset.ts';
import { atOnce, CHANGESET_KIND, hostOfGroup } from './next-sync.ts';
import type { ChangesetsOptions } from './options.ts';
import { type Received, receiveWebhook } from './webhooks.ts';
import { createChangesetWorkers } from './workers.ts';

const PLAN_EVERY_MS = 60_000;
/** Repositories whose webhooks seem not to arrive, shown at the most. */
const GAPS_SHOWN = 100;
/** So many changes in a row that no webhook announced are no accident. */
const GAP_FROM = 3;

/**
 * Changesets kept fresh, as a part of the station: what is followed, the workers that sync it, the budget of
 * calls, webhooks. Started after the database, stopped before it.
 */
export class Changesets implements Service {
  readonly name = 'changesets';
  readonly limits: CallLimiter;
  /** The code hosts, which owners of repositories are listed at as well: a part that goes before all that asks them. */
  readonly hosts: CodeHosts;
  readonly #options: ChangesetsOptions;
  readonly #health: HostHealth;
  readonly #plan: CallForecasts;
  #workers: Workers | undefined;
  #stopping = new AbortController();
  #cancelPlan: () => void = () => undefined;
  /** Work that nobody asked for, one after the other: stop() waits for it. */
  readonly #background = new Serializer();

  constructor(options: ChangesetsOptions) {
    const { clock, random, log, config } = options;
    this.#options = options;
    this.limits = new CallLimiter({
      clock,
      allowance: (host, resource) => {
        const { maxCallsPerHour, maxPointsPerHour } = config().hosts[host] ?? {};
        return { maxPerHour: resource === 'graphql' ? maxPointsPerHour : maxCallsPerHour };
      },
      onRefused: (host, credential) => log.warn({ host, credential }, `${host} refuses ${credential}`),
    });
    this.hosts = new CodeHosts(options.forges.open, this.limits, () => this.#settings(config()));
    this.#health = new HostHealth({ clock, random, log });
    this.#plan = new CallForecasts(clock, (host, resource) => this.limits.resourceBudget(host, resource));
  }

  async start(): Promise<void> {
    if (this.#workers) return;
    await this.hosts.start();
    const wanted = wantedChangesets(this.#options.config(), this.hosts);
    this.limits.restore(await this.#store.changesets.budgets.list());
    this.#workers = createChangesetWorkers({
      ...{ options: this.#options, follow: this.#tools(), hosts: this.hosts, board: this.#health },
      clockSkewMs: host => this.limits.clockSkewMs(host),
      onEnd: ended => this.#ended(ended),
    });
    await this.#workers.start();
    await followExactly(wanted, this.#tools());
    this.#inBackground(async () => {
      await this.#replan();
      await reschedule(undefined, this.#tools(), this.#stopping.signal);
    });
    this.#planLater();
  }

  async stop(): Promise<void> {
    this.#cancelPlan();
    this.#stopping.abort(new SluiceError('stopping', 'the station is stopping'));
    await this.#background.idle();
    await this.#workers?.stop();
    if (this.#workers) await this.#saveBudgets();
    this.#workers = undefined;
  }

  /** Whether a configuration can be taken over. Throws `url_invalid` for an address on no known host. */
  async check(config: Config): Promise<void> {
    const hosts = new CodeHosts(this.#options.forges.open, this.limits, () => this.#settings(config));
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
    const changed = await this.hosts.refresh();
    for (const host of changed) {
      this.limits.forgive(host);
      this.#health.forgive(host);
    }
    await followExactly(wantedChangesets(config, this.hosts), this.#tools());
    const depends = ({ schedule, changesets, hosts }: Config): string =>
      JSON.stringify([schedule, changesets.forgetClosedAfterMs, hosts]);
    if (depends(before) === depends(config)) return;
    this.#inBackground(async () => {
      await this.#replan();
      await reschedule(undefined, this.#tools(), this.#stopping.signal);
    });
  }

  /** Whether an address is a changeset's on a known host. */
  isChangeset(url: string): boolean {
    return this.hosts.isChangeset(url);
  }

  /** Follows one by its address, first in line. Throws `url_invalid`. */
  track(url: string): Promise<ListedChangeset> {
    return followByHand(url, this.#tools()).then(changeset => this.#listed(changeset));
  }

  /** Follows one no longer. Throws `url_invalid`, `not_found`. */
  untrack(url: string): Promise<ListedChangeset> {
    return unfollow(url, this.#tools()).then(async () => this.find(url));
  }

  /** Throws `url_invalid`, `not_found`. */
  async find(url: string): Promise<ListedChangeset> {
    return this.#listed(await changesetAt(url, this.#tools()));
  }

  async events(url: string): Promise<readonly StoredEvent[]> {
    return this.#store.changesets.events((await changesetAt(url, this.#tools())).id);
  }

  async list(filter: ChangesetFilter, page: Page): Promise<ListedChangeset[]> {
    const found = await this.#store.changesets.list(filter, page);
    return Promise.all(found.map(changeset => this.#listed(changeset)));
  }

  /** Raises followed changesets: by address, or all that a filter finds (S10). Throws before any is raised. */
  async syncNow(urls: readonly string[]): Promise<number> {
    const found: StoredChangeset[] = [];
    for (const url of urls) {
      const changeset = await changesetAt(url, this.#tools());
      if (!changeset.followed) throw new SluiceError('not_found', `${url} is not followed`);
      found.push(changeset);
    }
    return this.#raise(found);
  }

  /** As `syncNow`, for all that fit. */
  async syncWhere(filter: ChangesetFilter): Promise<number> {
    let raised = 0;
    const pages = pagesOf({ ...filter, followed: true }, this.#store.changesets);
    for await (const page of pages) raised += await this.#raise(page);
    return raised;
  }

  /** Takes in a webhook (S8). Throws `signature_invalid`, `body_invalid`. */
  receive(kind: ForgeKind, headers: WebhookHeaders, rawBody: Buffer): Promise<Received> {
    return receiveWebhook(kind, headers, rawBody, {
      ...this.#tools(),
      webhooksOf: this.#options.forges.webhooksOf,
      hosts: () => this.hosts.settings(),
      clockSkewMs: host => this.limits.clockSkewMs(host),
      onPush: this.#options.onPush,
    });
  }

  totals(): Promise<ChangesetTotals[]> {
    return this.#store.changesets.totals();
  }

  forecasts(): readonly HostForecast[] {
    return this.#plan.all();
  }

  holds(): readonly HostHold[] {
    return this.#health.holds();
  }

  /** Repositories whose webhooks seem not to arrive (S9). */
  async webhookGaps(): Promise<readonly WebhookTotals[]> {
    const totals = await this.#store.changesets.webhooks.totals(GAPS_SHOWN);
    return totals.filter(({ missedSince }) => missedSince >= GAP_FROM);
  }

  get #store(): Store {
    return this.#options.stores().store;
  }

  #settings(config: Config) {
    return forgeSettings(config, config.changesets.timeoutMs);
  }

  #tools(): FollowTools {
    return {
      changesets: this.#store.changesets,
      queue: this.#options.stores().queue,
      clock: this.#options.clock,
      hosts: this.hosts,
      rhythm: host => this.#rhythm(host),
      forgetClosedAfterMs: () => this.#options.config().changesets.forgetClosedAfterMs,
    };
  }

  #rhythm(host: string): SyncRhythm {
    return { ...this.#options.config().schedule, stretch: this.#plan.stretchOf(host) };
  }

  async #listed(changeset: StoredChangeset): Promise<ListedChangeset> {
    const item = await this.#options.stores().queue.get(changeset.key);
    const hold = this.#health.holdOf(changeset.host);
    return listedChangeset(changeset, item, hold && { why: holdReason(hold), untilMs: hold.untilMs });
  }

  /** By hand, a host on hold is asked again as well. */
  async #raise(found: readonly StoredChangeset[]): Promise<number> {
    const { clock, stores } = this.#options;
    for (const host of new Set(found.map(changeset => changeset.host))) {
      this.limits.forgive(host);
      this.#health.forgive(host);
    }
    const nowMs = clock.nowMs();
    await stores().queue.putAll(
      found.map(({ key, host }) => ({ key, request: atOnce(host, 'asked for by hand', nowMs) })),
    );
    return found.length;
  }

  #ended(ended: EndedWork): void {
    if (ended.claim.kind === CHANGESET_KIND && ended.ending === 'done') {
      this.#plan.countSync(hostOfGroup(ended.claim.group));
    }
    this.#options.onEnd?.(ended);
  }

  #planLater(): void {
    this.#cancelPlan = this.#options.clock.timer(PLAN_EVERY_MS, () => {
      this.#inBackground(() => this.#replan());
      this.#planLater();
    });
  }

  /** S5: the forecast anew; where a host's stretch factor has changed, its schedule follows. */
  async #replan(): Promise<void> {
    const changed = this.#plan.update(await this.totals());
    for (const host of changed) {
      const stretch = this.#plan.stretchOf(host);
      this.#options.log.info({ host, stretch }, `intervals of ${host} are stretched ×${stretch}`);
      await reschedule(host, this.#tools(), this.#stopping.signal);
    }
    await this.#saveBudgets();
  }

  #saveBudgets(): Promise<void> {
    return this.#store.changesets.budgets.save(this.limits.budgets());
  }

  /** One after the other; what fails is logged, and stop() waits for it. */
  #inBackground(task: () => Promise<void>): void {
    void this.#background.run(async () => {
      try {
        if (!this.#stopping.signal.aborted) await task();
      } catch (error) {
        if (!this.#stopping.signal.aborted)
          this.#options.log.error({ err: error }, 'changesets: planning failed');
      }
    });
  }
}
