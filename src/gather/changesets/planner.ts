import type { Clock } from '../../base/clock.ts';
import { ClockWatch } from '../../base/clock-watch.ts';
import { SluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { Repeating } from '../../base/repeating.ts';
import { Serializer } from '../../base/serializer.ts';
import type { CallLimiter } from '../../engine/call-budgets/call-limiter.ts';
import type { ScheduleEntry } from '../../engine/queue/work-queue.ts';
import { type StoreChange, setLoad } from '../../keep/store/change.ts';
import type { StoredChangeset } from '../../keep/store/changesets.ts';
import type { ChangesetContext } from './context.ts';
import { pagesOf } from './following/follow.ts';
import type { CallForecasts } from './hosts/call-forecasts.ts';
import { planNextSync, planningOf } from './next-sync.ts';
import {
  atPlannedTime,
  CHANGESET_KIND,
  groupOf,
  keyOfSource,
  LISTING_REASON,
  SOURCE_KIND,
} from './schedule.ts';

const FORECAST_EVERY_MS = 60_000;
/** The event loop stands still for a page; so many take some milliseconds. */
const RESCHEDULED_AT_ONCE = 50;
/** No wait after a failure is longer, nor one that a host may ask for: what is due later was put there by a wrong clock. */
const LONGEST_WAIT_MS = 48 * 3_600_000;
/** Between two pages of a million changesets. */
const PAUSE_MS = 10;

export interface SyncPlannerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly limiter: CallLimiter;
  readonly forecasts: CallForecasts;
  /** How often a source is listed, unless its host's intervals are stretched. */
  readonly listEveryMs: () => number;
  readonly context: () => ChangesetContext;
}

/**
 * Keeps the schedule of changesets in step with the rhythm and with the calls that their hosts allow:
 *
 *   idle ──start()──▶ running ──stop()──▶ stopped
 *                       every minute: the calls needed are forecast; where a host's stretch factor has changed, its
 *                       changesets are given their times anew; the budgets are stored
 *                       start(), and rescheduleAll() for another rhythm: likewise, for all changesets
 *                       this machine's clock was set back: likewise, and what a clock that was ahead has put far off
 *                       is due now, sources included
 *
 * All of that goes on in the background, one after the other. What fails is logged, and done again a minute later.
 */
export class SyncPlanner {
  readonly #options: SyncPlannerOptions;
  readonly #background = new Serializer();
  readonly #stopping = new AbortController();
  readonly #rounds: Repeating;
  readonly #clockWatch: ClockWatch;

  constructor(options: SyncPlannerOptions) {
    this.#options = options;
    const { clock } = options;
    this.#clockWatch = new ClockWatch(clock);
    const work = (): void => {
      if (this.#clockWatch.setBackMs() > 0) this.rescheduleAll();
      else this.#inBackground(() => this.#forecast());
    };
    this.#rounds = new Repeating({ clock, pauseMs: () => FORECAST_EVERY_MS, work });
  }

  start(): void {
    this.rescheduleAll();
    this.#rounds.start();
  }

  /** Resolves when nothing goes on in the background any more. May be repeated. */
  async stop(): Promise<void> {
    this.#stopping.abort(new SluiceError('stopping', 'the station is stopping'));
    await this.#rounds.stop();
    await this.#background.idle();
  }

  /** Gives every followed changeset its time anew, in the background. */
  rescheduleAll(): void {
    this.#inBackground(async () => {
      await this.#forecast();
      await this.#reschedule(undefined);
      await this.#rescheduleSources();
    });
  }

  /** Stores what is left of the budgets and what was learned of them, so that a restart changes no interval. */
  async saveBudgets(): Promise<void> {
    const { context, limiter, forecasts } = this.#options;
    const { budgets } = context().changesets;
    if (context().sharesCalls) await limiter.share();
    else await budgets.save(limiter.budgets());
    await budgets.saveForecasts(forecasts.learned());
  }

  async #forecast(): Promise<void> {
    const { context, log, forecasts } = this.#options;
    for (const host of forecasts.update(await context().changesets.totals())) {
      const stretch = forecasts.stretchOf(host);
      log.info({ host, stretch }, `intervals of ${host} are stretched ×${stretch}`);
      await this.#reschedule(host);
    }
    await this.saveBudgets();
  }

  /** Page by page, with pauses, so that other work goes on. @param host only its changesets; all when undefined */
  async #reschedule(host: string | undefined): Promise<void> {
    const context = this.#options.context();
    const pages = pagesOf({ followed: true, host }, context.changesets, RESCHEDULED_AT_ONCE);
    for await (const page of pages) {
      await reschedule(page, context);
      await context.clock.sleep(PAUSE_MS, this.#stopping.signal);
    }
  }

  async #rescheduleSources(): Promise<void> {
    const { changesets, queue, clock, rhythm } = this.#options.context();
    const nowMs = clock.nowMs();
    for (const { name, host } of await changesets.sources()) {
      const key = keyOfSource(name);
      const item = await queue.get(key);
      const everyMs = this.#options.listEveryMs() * Math.max(1, rhythm(host).stretch ?? 1);
      if (!item || item.claimedBy || item.runAtMs <= nowMs + Math.max(everyMs, LONGEST_WAIT_MS)) continue;
      await queue.put(key, {
        kind: SOURCE_KIND,
        group: groupOf(host),
        runAtMs: nowMs,
        reason: LISTING_REASON,
      });
    }
  }

  #inBackground(task: () => Promise<void>): void {
    void this.#background.run(async () => {
      const { signal } = this.#stopping;
      try {
        if (!signal.aborted) await task();
      } catch (error) {
        if (!signal.aborted) this.#options.log.error({ err: error }, 'changesets: planning failed');
      }
    });
  }
}

/**
 * Those that back off after an error, run, wait for what they did not see, or are first in line keep their place, unless that lies further off than any
 * wait does.
 */
async function reschedule(page: readonly StoredChangeset[], context: ChangesetContext): Promise<void> {
  const { queue, clock } = context;
  const entries: ScheduleEntry[] = [];
  const changes: StoreChange[] = [];
  const items = await queue.getMany(page.map(({ key }) => key));
  for (const changeset of page) {
    const { id, key, host, lastError, lastSyncAtMs, unseen } = changeset;
    const nowMs = clock.nowMs();
    const item = items.get(key);
    if (item?.claimedBy) continue;
    if (item?.priority === 'high' || lastError !== null || lastSyncAtMs === null) {
      if (!item || item.runAtMs <= nowMs + LONGEST_WAIT_MS) continue;
      const { priority, reason } = item;
      entries.push({
        key,
        request: { kind: CHANGESET_KIND, group: groupOf(host), runAtMs: nowMs, priority, reason },
      });
      continue;
    }
    const plan = planNextSync(changeset, planningOf(host, nowMs, context));
    if (plan.nextAtMs === null || item?.runAtMs === plan.nextAtMs) continue;
    // What passing trouble left unseen is asked for sooner than the plan has it.
    if (item && (unseen?.tries ?? 0) > 0 && item.runAtMs < plan.nextAtMs) continue;
    entries.push({ key, request: atPlannedTime(host, plan, nowMs) });
    changes.push(setLoad(id, plan.load));
  }
  if (entries.length > 0) await queue.putAll(entries, changes);
}
