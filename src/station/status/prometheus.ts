import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EndedWork } from '../../engine/queue/handler.ts';
import type { CollectorStatus } from '../../gather/capture/collectors/status.ts';
import { hostOfGroup } from '../../gather/changesets/schedule.ts';
import type { StationDisk } from './disks.ts';
import type { StationStatus } from './status.ts';

/** A figure that is read when it is asked for. */
type Reading = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

/** Calls to a host so far. */
export interface CallCount {
  readonly host: string;
  readonly resource: string;
  readonly outcome: string;
  readonly calls: number;
}

const DURATIONS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
/** Names are as Prometheus wants them: base units, `_total` for what only grows. */
const PREFIX = 'sluice_';

/** The station's figures for Prometheus. Syncs are counted as they end; everything else is read when asked for. */
export class Prometheus {
  readonly #registry = new Registry();
  readonly #syncs: Counter;
  readonly #durations: Histogram;
  readonly #callGauge: Gauge;
  readonly #gauges = new Map<string, Gauge>();
  readonly #station: () => Promise<StationStatus>;
  readonly #calls: () => readonly CallCount[];

  /** @param station its status as it is now */
  constructor(station: () => Promise<StationStatus>, calls: () => readonly CallCount[]) {
    this.#station = station;
    this.#calls = calls;
    const registers = [this.#registry];
    this.#syncs = new Counter({
      name: `${PREFIX}syncs_total`,
      help: 'Syncs that have ended, by kind of target, host and outcome.',
      labelNames: ['kind', 'host', 'outcome'],
      registers,
    });
    this.#durations = new Histogram({
      name: `${PREFIX}sync_duration_seconds`,
      help: 'How long syncs took.',
      labelNames: ['kind', 'host'],
      buckets: DURATIONS_S,
      registers,
    });
    this.#callGauge = new Gauge({
      name: `${PREFIX}api_calls_total`,
      help: 'Calls to code hosts since the station started, by resource and how they ended.',
      labelNames: ['host', 'resource', 'outcome'],
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** A piece of work is over. */
  countWork({ claim, ending, durationMs }: EndedWork): void {
    const host = hostOfGroup(claim.group);
    this.#syncs.inc({ kind: claim.kind, host, outcome: ending });
    this.#durations.observe({ kind: claim.kind, host }, durationMs / 1000);
  }

  /** Everything in Prometheus' text format. Throws `database_*`. */
  async render(): Promise<string> {
    const status = await this.#station();
    this.#readSchedule(status);
    this.#readChangesets(status);
    this.#readCapture(status);
    this.#readRest(status);
    this.#callGauge.reset();
    for (const { calls, ...labels } of this.#calls()) this.#callGauge.set(labels, calls);
    return this.#registry.metrics();
  }

  #readSchedule({ schedule }: StationStatus): void {
    this.#set('schedule_size', 'Targets that have a time.', [one(schedule.size)]);
    this.#set('schedule_due', 'Targets whose time has come and that wait.', [one(schedule.due)]);
    this.#set('schedule_behind_seconds', 'How late the target that waits longest is.', [
      one(schedule.behindS),
    ]);
    this.#set('schedule_running', 'Targets that are worked on.', [one(schedule.running)]);
    this.#set('priority_queue_size', 'Raised targets that wait.', [one(schedule.raised)]);
  }

  #readChangesets({ changesets }: StationStatus): void {
    const states = Object.entries(changesets.states).map(([state, value]) => ({ labels: { state }, value }));
    this.#set('changesets', 'Changesets known, by state.', states);
    this.#set('changesets_failing', 'Changesets whose last sync failed.', [one(changesets.failing)]);
    const { hosts } = changesets;
    const byHost = (value: (host: (typeof hosts)[number]) => number): Reading[] =>
      hosts.map(each => ({ labels: { host: each.host }, value: value(each) }));
    this.#set(
      'changesets_followed',
      'Changesets followed.',
      byHost(each => each.followed),
    );
    this.#set(
      'host_up',
      '1: its items run; 0: it is on hold.',
      byHost(each => Number(each.state === 'ok')),
    );
    this.#set(
      'schedule_stretch',
      'What intervals are multiplied by.',
      byHost(each => each.stretch),
    );
    const byResource = (
      value: (budget: (typeof hosts)[number]['budgets'][number]) => number | null,
    ): Reading[] =>
      hosts.flatMap(({ host, budgets }) =>
        budgets.flatMap(budget => {
          const figure = value(budget);
          return figure === null ? [] : [{ labels: { host, resource: budget.resource }, value: figure }];
        }),
      );
    this.#set(
      'api_budget_remaining',
      'Calls or points left in the host window.',
      byResource(each => each.remaining),
    );
    this.#set(
      'api_budget_per_hour',
      'Calls or points there are an hour.',
      byResource(each => each.budgetPerHour),
    );
    this.#set(
      'api_needed_per_hour',
      'Calls or points the schedule needs.',
      byResource(each => each.neededPerHour),
    );
    const missing = changesets.webhooksMissing.reduce((sum, { missed }) => sum + missed, 0);
    this.#set('webhooks_unannounced', 'Changes found since the last webhook of their repository.', [
      one(missing),
    ]);
  }

  #readCapture({ capture }: StationStatus): void {
    const byCollector = (value: (one: CollectorStatus) => number): Reading[] =>
      capture.collectors.map(one => ({ labels: { collector: one.name }, value: value(one) }));
    this.#set(
      'capture_readings',
      'Readings since the start that the disk has taken.',
      byCollector(one => one.readings),
    );
    this.#set(
      'capture_unwritten',
      'Readings in memory that the disk does not take now.',
      byCollector(one => one.unwritten),
    );
    this.#set(
      'capture_lost',
      'Readings since the start that could not be written and were given up.',
      byCollector(one => one.lost),
    );
    this.#set('capture_lost_undelivered', 'Readings that were deleted undelivered on a full disk, ever.', [
      one(capture.lost.readings),
    ]);
  }

  #readRest({ repos, deliveries, disk, disks, station }: StationStatus): void {
    this.#set('uptime_seconds', 'Since the station started.', [one(station.uptimeS)]);
    this.#set('repositories_known', 'Repositories known.', [one(repos.known)]);
    this.#set('repositories_tracked', 'Repositories kept fresh.', [one(repos.tracked)]);
    this.#set('repositories_failing', 'Repositories whose last bake failed.', [one(repos.failing)]);
    this.#set('commits', 'Commits kept.', [one(repos.commits)]);
    const states = (['incoming', 'processing', 'completed', 'failed', 'waiting', 'uploading'] as const).map(
      state => ({ labels: { state }, value: deliveries[state] }),
    );
    this.#set('deliveries', 'Files, by state.', states);
    this.#set('disk_free_bytes', 'Free on the disk of the spool.', [one(disk.freeBytes)]);
    const byDisk = (value: (one: StationDisk) => number): Reading[] =>
      disks.map(each => ({ labels: { path: each.path, holds: each.holds.join(',') }, value: value(each) }));
    this.#set(
      'filesystem_free_bytes',
      'Free on each disk of the station.',
      byDisk(each => each.freeBytes),
    );
    this.#set(
      'filesystem_free_inodes',
      'Inodes free on each disk of the station.',
      byDisk(each => each.freeInodes),
    );
  }

  #set(name: string, help: string, readings: readonly Reading[]): void {
    const labelNames = Object.keys(readings[0]?.labels ?? {});
    let gauge = this.#gauges.get(name);
    if (!gauge) {
      if (readings.length === 0) return;
      gauge = new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.#registry] });
      this.#gauges.set(name, gauge);
    }
    gauge.reset();
    for (const { labels, value } of readings) gauge.set(labels, value);
  }
}

function one(value: number): Reading {
  return { labels: {}, value };
}
