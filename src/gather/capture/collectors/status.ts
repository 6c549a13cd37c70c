import type { CollectorFiles, WriteError } from '../files/collector-files.ts';
import type { CapturePlan, CollectorPlan } from '../settings.ts';
import type { CollectorFigures } from './collector.ts';

/** One collector as it is now. */
export interface CollectorStatus extends CollectorFigures {
  readonly name: string;
  readonly method: string;
  readonly everyMs: number | null;
  /** Rests: by configuration, or because the control source says so. */
  readonly disabled: boolean;
  /** Of the file in progress. */
  readonly progress: { readonly readings: number; readonly bytes: number };
  /** Readings that are in memory alone, until the next flush; `readings` are those on the disk. */
  readonly pending: number;
  /** Of those, what the disk does not take now; it is written once it does. */
  readonly unwritten: number;
  /** Readings that could not be written and were given up. */
  readonly lost: number;
  /** Why the disk does not take them now; null while it does. */
  readonly writeError: WriteError | null;
}

/** Of a collector that has not begun. */
const NO_FIGURES: CollectorFigures = {
  readings: 0,
  missed: 0,
  filtered: 0,
  errors: 0,
  perSecond: 0,
  latestByMs: null,
  lastReadingAtMs: null,
  lastError: null,
};

/** What is known of a collector from its plan alone. Pure. */
export function restingStatus(plan: CollectorPlan, disabled: boolean): CollectorStatus {
  return {
    name: plan.name,
    method: plan.source.method,
    everyMs: plan.everyMs,
    disabled: disabled || plan.disabled,
    progress: { readings: 0, bytes: 0 },
    pending: 0,
    unwritten: 0,
    lost: 0,
    writeError: null,
    ...NO_FIGURES,
  };
}

/** What is known of a collector that runs; only what the disk has taken counts as a reading. Pure. */
export function runningStatus(
  resting: CollectorStatus,
  figures: CollectorFigures,
  files: Pick<CollectorFiles, 'progress' | 'pending' | 'unwritten' | 'lost' | 'writeError'>,
): CollectorStatus {
  const { progress, pending, unwritten, lost, writeError } = files;
  const readings = figures.readings - pending;
  return { ...resting, ...figures, readings, progress, pending, unwritten, lost, writeError };
}

/** The collectors of a plan before their thread has replied with a status. Pure. */
export function restingCollectors({ collectors, disabled }: CapturePlan): CollectorStatus[] {
  return collectors.map(one => restingStatus(one, disabled));
}
