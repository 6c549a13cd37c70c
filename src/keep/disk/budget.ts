import { statfs } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { asSluiceError } from '../../base/errors.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { RepeatedMessages } from '../../base/repeated-messages.ts';
import { Repeating } from '../../base/repeating.ts';
import { formatBytes } from '../../base/units.ts';
import type { FreedSpace } from '../local/captures.ts';
import {
  type DiskBudgetPlan,
  type DiskBudgetSettings,
  type DiskRoom,
  type DiskUsage,
  planBudget,
} from './plan.ts';

/** Something that can give room back and lose nothing by it. */
export interface Reclaimer {
  /** `completed`, `clones`. */
  readonly name: string;
  /** What `free` could give at most, as far as that is known without looking at every file. */
  reclaimable(): Promise<DiskRoom>;
  /** Gives back so much of both, or all it can. @returns what it gave */
  free(needed: DiskRoom): Promise<{ readonly files: number; readonly bytes: number }>;
}

/** A file of readings that nobody else has. */
export interface UnsentFile {
  readonly path: string;
  readonly bytes: number;
  readonly readings: number;
}

/** The last thing to give way: readings that are not delivered, in whatever way they wait. */
export interface UnsentReadings {
  /** All of them together. */
  size(): Promise<DiskRoom>;
  /** Every n-th of them, as `deleteEveryNth` would take them. */
  listEveryNth(n: number): Promise<readonly UnsentFile[]>;
  /** Deletes them but for those that are being sent this very moment. @returns those deleted */
  deleteEveryNth(n: number): Promise<readonly UnsentFile[]>;
}

/** The plan for a moment, with the very files that would be lost. */
export interface DiskBudgetPreview extends DiskBudgetPlan {
  readonly files: readonly UnsentFile[];
}

export interface DiskBudgetOptions {
  /** Whether anything is to give way at all: captures are on. */
  readonly enabled: () => boolean;
  readonly settings: () => DiskBudgetSettings;
  readonly measure: () => Promise<DiskUsage>;
  /** In the order in which they give way. */
  readonly reclaimers: readonly Reclaimer[];
  readonly unsent: UnsentReadings;
  /** Notes what gave way, on the disk. */
  readonly record: (rows: readonly FreedSpace[]) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

const NOTHING: DiskRoom = { bytes: 0, inodes: 0 };
const CHECK_EVERY_MS = 30_000;
/** A disk that stays full, with nothing that may give way, is warned of at most this often. */
const WARN_EVERY_MS = 5 * 60_000;

/** The room of the file system that holds a path. Throws disk_failed. */
export async function measureDisk(path: string): Promise<DiskUsage> {
  try {
    const { blocks, bfree, bavail, bsize, files, ffree } = await statfs(path);
    const usedBytes = (blocks - bfree) * bsize;
    const usable = { usedBytes, usableBytes: usedBytes + bavail * bsize };
    return { ...usable, usedInodes: Math.max(0, files - ffree), usableInodes: Math.max(0, files) };
  } catch (error) {
    throw asSluiceError(error, { operation: 'look at the disk', subject: path });
  }
}

/** What would give way now; nothing is changed. Throws what is thrown by what it asks. */
export async function previewBudget(
  options: Pick<DiskBudgetOptions, 'settings' | 'measure' | 'unsent'> & {
    readonly reclaimers: readonly Pick<Reclaimer, 'name' | 'reclaimable'>[];
  },
): Promise<DiskBudgetPreview> {
  const { settings, measure, reclaimers, unsent } = options;
  const reclaimables = await Promise.all(
    reclaimers.map(async one => ({ name: one.name, ...(await one.reclaimable()) })),
  );
  const plan = planBudget(await measure(), settings(), reclaimables, await unsent.size());
  return { ...plan, files: plan.losesReadings ? await unsent.listEveryNth(settings().deleteEveryNth) : [] };
}

/**
 * The one place that decides what gives way when the disk runs short. Checks every 30 s; between two steps it measures
 * again, since what a step gives may be less or more than it promised.
 *
 * States: idle ──start──▶ waiting ──30 s──▶ checking ──▶ waiting; any ──stop──▶ stopped (final), after the check that runs.
 */
export class DiskBudget implements Service {
  readonly name = 'disk budget';
  readonly #options: DiskBudgetOptions;
  readonly #checks: Repeating;
  #warnedAtMs = Number.NEGATIVE_INFINITY;
  readonly #failures: RepeatedMessages;
  /** What gave way and is not on record yet. */
  readonly #unrecorded: FreedSpace[] = [];

  constructor(options: DiskBudgetOptions) {
    this.#options = options;
    this.#failures = new RepeatedMessages(options.clock, WARN_EVERY_MS);
    const { clock } = options;
    const work = (): Promise<void> =>
      this.check().then(
        () => undefined,
        error => this.#reportFailure(error),
      );
    this.#checks = new Repeating({ clock, pauseMs: () => CHECK_EVERY_MS, work });
  }

  async start(): Promise<void> {
    this.#checks.start();
  }

  async stop(): Promise<void> {
    await this.#checks.stop();
  }

  /** What would give way now; nothing is changed. */
  preview(): Promise<DiskBudgetPreview> {
    return previewBudget(this.#options);
  }

  /**
   * Measures, and frees what must go. What cannot be noted yet, since the database is on the full disk, is noted by a
   * later check. Throws what the reclaimers throw. @returns what gave way
   */
  async check(): Promise<readonly FreedSpace[]> {
    const { enabled, reclaimers, unsent, settings } = this.#options;
    if (!enabled()) return [];
    const rows: FreedSpace[] = [];
    for (const reclaimer of reclaimers) {
      const needed = await this.#needed();
      if (needed.bytes === 0 && needed.inodes === 0) break;
      const { files, bytes } = await reclaimer.free(needed);
      if (files === 0) continue;
      const row = this.#row({ step: reclaimer.name, files, bytes });
      await this.#record([row]);
      rows.push(row);
    }
    const usage = await this.#options.measure();
    // Counting what is unsent costs a pass over all of it.
    if (planBudget(usage, settings(), [], NOTHING).full) {
      const plan = planBudget(usage, settings(), [], await unsent.size());
      if (plan.losesReadings) rows.push(...(await this.#deleteReadings()));
      else this.#warn(plan);
    }
    await this.#record([]);
    this.#report(rows);
    return rows;
  }

  async #needed(): Promise<DiskRoom> {
    const { measure, settings } = this.#options;
    const { neededBytes, neededInodes } = planBudget(await measure(), settings(), [], NOTHING);
    return { bytes: neededBytes, inodes: neededInodes };
  }

  async #deleteReadings(): Promise<FreedSpace[]> {
    const { unsent, settings } = this.#options;
    const lost = await unsent.deleteEveryNth(settings().deleteEveryNth);
    const rows = lost.map(({ path, bytes, readings }) =>
      this.#row({ step: 'capture', path, files: 1, bytes, readings, lost: true }),
    );
    await this.#record(rows);
    return rows;
  }

  /** Notes rows, and those that could not be noted before. */
  async #record(rows: readonly FreedSpace[]): Promise<void> {
    this.#unrecorded.push(...rows);
    if (this.#unrecorded.length === 0) return;
    const group = [...this.#unrecorded];
    try {
      await this.#options.record(group);
      this.#unrecorded.splice(0, group.length);
    } catch (error) {
      const { code, message: reason } = asSluiceError(error);
      this.#options.log.warn(
        { code, rows: group.length, reason },
        'what gave way is noted once the disk has room',
      );
    }
  }

  #row(row: Partial<FreedSpace> & Pick<FreedSpace, 'step' | 'files' | 'bytes'>): FreedSpace {
    return { atMs: this.#options.clock.nowMs(), path: null, readings: 0, lost: false, ...row };
  }

  #report(rows: readonly FreedSpace[]): void {
    const { log } = this.#options;
    const lost = rows.filter(row => row.lost);
    for (const { step, files, bytes } of rows.filter(row => !row.lost))
      log.warn({ step, files, bytes }, `the disk is full: ${formatBytes(bytes)} of ${step} gave way`);
    if (lost.length === 0) return;
    const readings = lost.reduce((sum, row) => sum + row.readings, 0);
    log.error(
      { files: lost.length, readings, paths: lost.slice(0, 10).map(({ path }) => path) },
      `the disk is full: ${lost.length} files with ${readings} readings were deleted undelivered; they are lost`,
    );
  }

  #warn(plan: DiskBudgetPlan): void {
    const { clock, log } = this.#options;
    if (clock.monotonicMs() - this.#warnedAtMs < WARN_EVERY_MS) return;
    this.#warnedAtMs = clock.monotonicMs();
    const percent = (share: number): string => `${Math.round(share * 100)} %`;
    const { usedShare, usedInodeShare, captureShare, captureInodeShare } = plan;
    const isOfInodes = plan.missingBytes === 0;
    const [used, captures] = isOfInodes ? [usedInodeShare, captureInodeShare] : [usedShare, captureShare];
    const what = isOfInodes ? ' of inodes' : '';
    log.warn(
      { usedShare, usedInodeShare, captureShare, captureInodeShare },
      `the disk is ${percent(used)} full${what} and captures (${percent(captures)} of it) are not to blame; nothing is deleted`,
    );
  }

  #reportFailure(error: unknown): void {
    const { code, message: reason } = asSluiceError(error);
    const suppressed = this.#failures.admit(code);
    if (suppressed === undefined) return;
    this.#options.log.error({ code, reason, repeated: suppressed || undefined }, 'the disk budget failed');
  }
}
