import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import type { FaultBoard } from '../../base/ongoing-faults.ts';
import type { Config } from '../../config/schema.ts';
import { DiskBudget, type DiskBudgetPreview, measureDisk, type Reclaimer } from '../../keep/disk/budget.ts';
import type { DiskBudgetSettings } from '../../keep/disk/plan.ts';
import type {
  CaptureFilter,
  CaptureJournal,
  CaptureLineage,
  CollectorTotals,
  FreedSpace,
} from '../../keep/local/captures.ts';
import type { CollectorStatus } from './collectors/status.ts';
import { type CapturePlan, capturePlan } from './settings.ts';
import { StaleFilesMonitor } from './stale-files.ts';
import { CaptureClient } from './threads/capture-client.ts';
import { unsentReadings, type WaitingRoom } from './unsent-readings.ts';

/** What capture needs of delivery, which takes its files over. */
export interface FileReceiver extends WaitingRoom {
  /** Names of the profiles that files may go to. */
  profiles(): readonly string[];
  /** `syncing`: files may go now. */
  status(): { readonly syncing: boolean };
}

export interface CaptureServiceOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly openCaptures: (path: string) => Promise<CaptureJournal>;
  readonly faults?: FaultBoard;
  /** Started before this, stopped after it. */
  readonly receiver: FileReceiver;
  /** What gives way before readings do on the disk of a folder, in that order. */
  readonly reclaimers: (directory: string) => readonly Reclaimer[];
}

/** Capture at a glance: `capture` of `sluice status --json`. */
export interface CaptureStatus {
  readonly enabled: boolean;
  readonly collectors: readonly CollectorStatus[];
  /**
   * What was deleted undelivered on a full disk, ever; and, since the start, how many readings could not be written and
   * were given up.
   */
  readonly lost: { readonly files: number; readonly readings: number; readonly unwritten: number };
  /** What gave way on a full disk, ever. */
  readonly freedBytes: number;
  /** Of that, kept copies of delivered files: their bucket has them. */
  readonly freedCopies: { readonly files: number; readonly bytes: number };
}

/** Nothing captures. */
export const NO_CAPTURE: CaptureStatus = {
  enabled: false,
  collectors: [],
  lost: { files: 0, readings: 0, unwritten: 0 },
  freedBytes: 0,
  freedCopies: { files: 0, bytes: 0 },
};

/**
 * Capture, the disk budget and the warning of stale files, as one service of the station.
 *
 * States: idle ──start──▶ running ──stop──▶ idle; a start that fails leaves it idle.
 */
export class CaptureService implements Service {
  readonly name = 'capture';
  readonly #options: CaptureServiceOptions;
  #config: Config;
  #journal: CaptureJournal | undefined;
  #capture: CaptureClient | undefined;
  #budget: DiskBudget | undefined;
  #staleFiles: StaleFilesMonitor | undefined;
  /** Collectors whose profile is not known. */
  #resting: CapturePlan['collectors'] = [];

  constructor(options: CaptureServiceOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** Throws destination_invalid for a collector whose profile is not known, spool_invalid, disk_*, database_*. */
  async start(): Promise<void> {
    if (this.#journal) return;
    const { clock, log, faults, receiver, openCaptures } = this.#options;
    const { database, deliver } = this.#config;
    const plan = capturePlan(this.#config);
    const [stray] = this.#strays(plan);
    if (stray) throw unknownProfile(stray, receiver.profiles());
    const journal = await openCaptures(database);
    this.#journal = journal;
    const incoming = join(deliver.directory, 'incoming');
    this.#capture = new CaptureClient(plan, { incoming, journal, clock, log, faults });
    this.#budget = this.#newBudget(journal, incoming);
    this.#staleFiles = new StaleFilesMonitor({
      journal,
      intervalMs: () => this.#config.sync.intervalMs,
      mayDeliver: () => receiver.status().syncing,
      clock,
      log,
    });
    try {
      await this.#capture.start();
      await this.#budget.start();
      await this.#staleFiles.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#staleFiles?.stop();
    await this.#budget?.stop();
    await this.#capture?.stop();
    await this.#journal?.close();
    this.#journal = undefined;
    this.#capture = undefined;
  }

  /** Takes over another configuration. A collector whose profile is not known rests, and that is logged. */
  async reconfigure(config: Config): Promise<void> {
    this.#config = config;
    const plan = capturePlan(config);
    const strays = this.#strays(plan);
    const { log, faults, receiver } = this.#options;
    for (const { name } of this.#resting) faults?.end(`profile of ${name}`);
    this.#resting = strays;
    for (const stray of strays) {
      const error = unknownProfile(stray, receiver.profiles());
      log.error({ collector: stray.name, hint: error.hint }, error.message);
      faults?.begin(`profile of ${stray.name}`, error, {
        words: 'a collector rests',
        hint: 'Put the profile into the credentials file, or name another one in its "to".',
      });
    }
    const collectors = plan.collectors.map(one => (strays.includes(one) ? { ...one, disabled: true } : one));
    await this.#capture?.reconfigure({ ...plan, collectors });
  }

  /** Completes every file in progress and hands it over, before a sync. */
  async complete(manual = false): Promise<void> {
    if (manual || this.#config.capture.completeBeforeSync) await this.#capture?.complete();
  }

  async status(): Promise<CaptureStatus> {
    if (!this.#journal) return NO_CAPTURE;
    const collectors = (await this.#capture?.status()) ?? [];
    const freed = this.#journal.freedTotals();
    const unwritten = collectors.reduce((sum, one) => sum + one.lost, 0);
    return {
      enabled: this.#isOn(),
      collectors,
      lost: { files: freed.lostFiles, readings: freed.lostReadings, unwritten },
      freedBytes: freed.bytes,
      freedCopies: { files: freed.keptFiles, bytes: freed.keptBytes },
    };
  }

  /** Finished files, newest first, each with its way to the bucket. */
  files(filter: CaptureFilter): CaptureLineage[] {
    return this.#open.list(filter);
  }

  /** One finished file. Throws `not_found`. */
  file(id: number): CaptureLineage {
    const file = this.#open.byId(id);
    if (!file) throw new SluiceError('not_found', `there is no capture file ${id}`);
    return file;
  }

  /** Sums over all files of each collector. */
  totals(): CollectorTotals[] {
    return this.#open.totals();
  }

  /** What waits to be delivered, of any origin, and since when the oldest does. */
  waiting(): { readonly files: number; readonly bytes: number; readonly oldestAtMs: number | null } {
    const journal = this.#open;
    return { ...journal.waitingTotals(), oldestAtMs: journal.oldestWaiting()?.createdAtMs ?? null };
  }

  /** What would give way on this disk now, and what gave way so far, newest first. */
  async disk(
    limit: number,
  ): Promise<{ readonly plan: DiskBudgetPreview; readonly freed: readonly FreedSpace[] }> {
    const freed = this.#open.listFreed(limit);
    if (!this.#budget) throw new SluiceError('stopping', 'the station is not running');
    return { plan: await this.#budget.preview(), freed };
  }

  get #open(): CaptureJournal {
    if (!this.#journal) throw new SluiceError('stopping', 'capture is not running');
    return this.#journal;
  }

  #isOn(): boolean {
    const { disabled, collectors } = this.#config.capture;
    return !disabled && collectors.some(one => !one.disabled);
  }

  #newBudget(captures: CaptureJournal, incoming: string): DiskBudget {
    const { clock, log, receiver, reclaimers } = this.#options;
    const { directory } = this.#config.capture;
    return new DiskBudget({
      clock,
      log,
      enabled: () => this.#isOn(),
      settings: () => budgetSettings(this.#config),
      measure: () => measureDisk(directory),
      reclaimers: reclaimers(directory),
      unsent: unsentReadings({
        directory,
        incoming,
        captures,
        clock,
        delivery: receiver,
      }),
      record: rows => captures.recordFreed(rows),
    });
  }

  #strays(plan: CapturePlan): CapturePlan['collectors'] {
    const known = new Set(this.#options.receiver.profiles());
    return plan.disabled
      ? []
      : plan.collectors.filter(({ disabled, to }) => !disabled && !known.has(to.profile));
  }
}

/** What the disk budget goes by. Pure. */
export function budgetSettings({ capture }: Pick<Config, 'capture'>): DiskBudgetSettings {
  const { diskUsageThreshold: usageThreshold, captureShareThreshold, deleteEveryNth } = capture;
  return { usageThreshold, captureShareThreshold, deleteEveryNth };
}

function unknownProfile(
  { name, to }: CapturePlan['collectors'][number],
  known: readonly string[],
): SluiceError {
  return new SluiceError(
    'destination_invalid',
    `collector ${name} sends to profile "${to.profile}", which is not among the credentials (${known.join(', ')})`,
    { subject: name },
  );
}
