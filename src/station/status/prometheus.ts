import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { DURATION_BOUNDS_S, type Throughput } from '../../deliver/statistics.ts';
import type { EndedWork } from '../../engine/queue/handler.ts';
import { hostOfGroup } from '../../gather/changesets/schedule.ts';
import type { SpanCounts } from '../telemetry/exporter.ts';
import type { StationDisk } from './disks.ts';
import type { StationStatus } from './status.ts';

/** A figure that is read when it is asked for. */
type Reading = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

interface FamilyOptions {
  readonly name: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

/** Calls to a host so far. */
export interface CallCount {
  readonly host: string;
  readonly resource: string;
  readonly outcome: string;
  readonly calls: number;
}

/** What the figures are read from. */
export interface MetricSources {
  /** The station's status as it is now. */
  readonly station: () => Promise<StationStatus>;
  readonly calls: () => readonly CallCount[];
  readonly throughput: () => readonly Throughput[];
  /** Undefined where no traces are sent. */
  readonly spans?: () => SpanCounts | undefined;
  readonly nowMs: () => number;
}

const DURATIONS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
/** Names are as Prometheus wants them: base units, `_total` for what only grows. */
const PREFIX = 'sluice_';

/** The station's figures for Prometheus. Syncs are counted as they end; everything else is read when asked for. */
export class Prometheus {
  readonly #registry = new Registry();
  readonly #syncs: Counter;
  readonly #durations: Histogram;
  /** Read when asked for, by name. */
  readonly #families = new Map<string, Gauge | Counter>();
  readonly #station: () => Promise<StationStatus>;
  readonly #calls: () => readonly CallCount[];
  readonly #throughput: () => readonly Throughput[];
  readonly #spans: () => SpanCounts | undefined;
  readonly #nowMs: () => number;

  constructor({ station, calls, throughput, spans = () => undefined, nowMs }: MetricSources) {
    this.#station = station;
    this.#calls = calls;
    this.#throughput = throughput;
    this.#spans = spans;
    this.#nowMs = nowMs;
    const registers = [this.#registry];
    // The process itself, under the names that every Node program has: event loop, memory, processor, descriptors.
    collectDefaultMetrics({ register: this.#registry });
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
    this.#readCache(status);
    this.#readRest(status);
    this.#readDeliveries(status);
    this.#count(
      'api_calls_total',
      'Calls to code hosts since the station started, by resource and how they ended.',
      this.#calls().map(({ calls, host, resource, outcome }) => ({
        labels: { host, resource, outcome },
        value: calls,
      })),
    );
    const spans = this.#spans();
    if (spans)
      this.#count('spans_total', 'Spans for the collector of traces, by what became of them.', [
        { labels: { outcome: 'sent' }, value: spans.sent },
        { labels: { outcome: 'dropped' }, value: spans.dropped },
      ]);
    return (await this.#registry.metrics()) + durations(this.#throughput());
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
      'credentials_refused',
      'Tokens that the host does not accept; others carry on where there are any.',
      byHost(each => each.credentialsRefused.length),
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
    const byCollector = (value: (one: StationStatus['capture']['collectors'][number]) => number): Reading[] =>
      capture.collectors.map(one => ({ labels: { collector: one.name }, value: value(one) }));
    this.#count(
      'capture_readings_total',
      'Readings since the start that the disk has taken.',
      byCollector(one => one.readings),
    );
    this.#set(
      'capture_unwritten',
      'Readings in memory that the disk does not take now.',
      byCollector(one => one.unwritten),
    );
    this.#count(
      'capture_missed_total',
      'Moments at which no reading was taken, since the one before still ran.',
      byCollector(one => one.missed),
    );
    this.#count(
      'capture_errors_total',
      'Readings that failed.',
      byCollector(one => one.errors),
    );
    this.#count(
      'capture_lost_total',
      'Readings since the start that could not be written and were given up.',
      byCollector(one => one.lost),
    );
    this.#count(
      'capture_lost_undelivered_total',
      'Readings that were deleted undelivered on a full disk, ever.',
      [one(capture.lost.readings)],
    );
  }

  #readCache({ cache }: StationStatus): void {
    this.#set('clones', 'Clones in the cache.', [one(cache.clones)]);
    this.#set('cache_used_bytes', 'What the clones take of the disk.', [one(cache.usedBytes)]);
    this.#set(
      'cache_max_bytes',
      'What they may take; without it the disk is the limit.',
      cache.maxBytes === null ? [] : [one(cache.maxBytes)],
    );
    this.#set('cache_min_free_bytes', 'What they leave free of the disk.', [one(cache.minFreeBytes)]);
  }

  #readDeliveries({ deliveries, links }: StationStatus): void {
    const throughput = this.#throughput();
    const byBucket = (value: (one: Throughput) => number): Reading[] =>
      throughput.map(one => ({ labels: placeOf(one), value: value(one) }));
    this.#count(
      'delivered_files_total',
      'Files delivered since delivery began, by profile and bucket.',
      byBucket(one => one.files),
    );
    this.#count(
      'delivered_bytes_total',
      'Bytes of those files.',
      byBucket(one => one.bytes),
    );
    this.#count(
      'delivery_failures_total',
      'Tries that failed since delivery began, by profile, bucket and cause.',
      throughput.flatMap(one =>
        Object.entries(one.failuresByCause).map(([cause, value]) => ({
          labels: { ...placeOf(one), cause },
          value,
        })),
      ),
    );
    this.#set(
      'uploading_bytes',
      'Bytes that are on their way right now.',
      byBucket(one => one.bytesInFlight),
    );
    const { oldestWaitingAt } = deliveries;
    const ageMs = oldestWaitingAt === null ? 0 : Math.max(0, this.#nowMs() - Date.parse(oldestWaitingAt));
    this.#set(
      'oldest_waiting_seconds',
      'Since when the file is on its way that has been for longest; 0: none is.',
      [one(ageMs / 1000)],
    );
    this.#set(
      'link_up',
      '1: the endpoint answers; 0: it is offline or unhealthy.',
      links
        .filter(({ state }) => state !== 'unknown')
        .map(({ endpoint, state }) => ({ labels: { endpoint }, value: Number(state === 'online') })),
    );
  }

  #readRest({ repos, deliveries, holds, pauses, disk, disks, station }: StationStatus): void {
    this.#set('uptime_seconds', 'Since the station started.', [one(station.uptimeS)]);
    this.#set('repositories_known', 'Repositories known.', [one(repos.known)]);
    this.#set('repositories_tracked', 'Repositories kept fresh.', [one(repos.tracked)]);
    this.#set('repositories_failing', 'Repositories whose last bake failed.', [one(repos.failing)]);
    this.#set('commits', 'Commits kept.', [one(repos.commits)]);
    const states = (['incoming', 'processing', 'completed', 'failed', 'waiting', 'uploading'] as const).map(
      state => ({ labels: { state }, value: deliveries[state] }),
    );
    this.#set('deliveries', 'Files, by state.', states);
    const left = deliveries.left.map(({ kind, files }) => ({ labels: { kind }, value: files }));
    this.#set('deliveries_left', 'Files that lie there and are not taken, by reason.', left);
    this.#set(
      'held_files',
      'Files that wait for a place that cannot be used just now.',
      holds.map(({ kind, place, files }) => ({ labels: { kind, place }, value: files })),
    );
    this.#set(
      'paused',
      '1: somebody paused it.',
      pauses.map(({ kind, name }) => ({ labels: { kind, name }, value: 1 })),
    );
    this.#set('unproven_files', 'Files that nothing proves to have arrived; they are kept.', [
      one(deliveries.unproven.files),
    ]);
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

  /** A family of figures that go up and down; without any reading it is left out. */
  #set(name: string, help: string, readings: readonly Reading[]): void {
    const gauge = this.#family(name, readings, options => new Gauge({ ...options, help }));
    for (const { labels, value } of readings) gauge?.inc(labels, value);
  }

  /** A family of figures that only grow while the station runs. */
  #count(name: `${string}_total`, help: string, readings: readonly Reading[]): void {
    const counter = this.#family(name, readings, options => new Counter({ ...options, help }));
    for (const { labels, value } of readings) counter?.inc(labels, value);
  }

  #family(
    name: string,
    readings: readonly Reading[],
    make: (options: FamilyOptions) => Gauge | Counter,
  ): Gauge | Counter | undefined {
    let family = this.#families.get(name);
    if (readings.length === 0) {
      // Reset, one without labels would say 0.
      this.#registry.removeSingleMetric(PREFIX + name);
      this.#families.delete(name);
      return undefined;
    }
    if (!family) {
      const labelNames = Object.keys(readings[0]?.labels ?? {});
      family = make({ name: PREFIX + name, labelNames, registers: [this.#registry] });
      this.#families.set(name, family);
    }
    family.reset();
    return family;
  }
}

const DURATION_NAME = `${PREFIX}delivery_duration_seconds`;

/** A histogram whose observations are counted already, in Prometheus' text format. Pure. */
function durations(throughput: readonly Throughput[]): string {
  const timed = throughput.filter(({ duration }) => duration.count > 0);
  if (timed.length === 0) return '';
  const lines = timed.flatMap(each => {
    const { upTo, count, sumS } = each.duration;
    const place = Object.entries(placeOf(each)).map(([name, value]) => `${name}="${escaped(value)}"`);
    const bucket = (bound: string, files: number): string =>
      `${DURATION_NAME}_bucket{${[...place, `le="${bound}"`].join(',')}} ${files}`;
    return [
      ...DURATION_BOUNDS_S.map((bound, index) => bucket(String(bound), upTo[index] ?? 0)),
      bucket('+Inf', count),
      `${DURATION_NAME}_sum{${place.join(',')}} ${sumS}`,
      `${DURATION_NAME}_count{${place.join(',')}} ${count}`,
    ];
  });
  const help = 'From when a file came into view until it was delivered and proven.';
  return `# HELP ${DURATION_NAME} ${help}\n# TYPE ${DURATION_NAME} histogram\n${lines.join('\n')}\n`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, character => (character === '\n' ? '\\n' : `\\${character}`));
}

/** Profiles hold no slash. */
function placeOf({ destination }: Throughput): { readonly profile: string; readonly bucket: string } {
  const at = destination.indexOf('/');
  return { profile: destination.slice(0, at), bucket: destination.slice(at + 1) };
}

function one(value: number): Reading {
  return { labels: {}, value };
}
