import { lstatSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { asSluiceError } from '../../base/errors.ts';
import type { UnsentFile, UnsentReadings } from '../../keep/disk/budget.ts';
import { takeEveryNth } from '../../keep/disk/plan.ts';
import type { CaptureJournal, UnsentCapture } from '../../keep/local/captures.ts';
import type { Journal } from '../../keep/local/journal.ts';
import { SIDECAR } from './files/names.ts';

export interface UnsentOptions {
  /** The capture folder. */
  readonly directory: string;
  /** Delivery's `incoming`. */
  readonly incoming: string;
  readonly captures: Pick<CaptureJournal, 'unsent' | 'markLost'>;
  /** Delivery's journal; undefined while delivery does not run, and for a plan alone. */
  readonly journal: () => Pick<Journal, 'changeIf'> | undefined;
  readonly clock: Clock;
}

/** Where a file lies, as below `incoming`. */
function pathOf({ profile, bucket, filepath }: UnsentCapture): string {
  return `${profile}/${bucket}/${filepath}`;
}

/**
 * Complete capture files that are not delivered, in lexical order of path. Those in `processing` are being uploaded or
 * about to be: in progress elsewhere. Those in `failed` wait for a person, and `.prog` files have no row: neither
 * counts.
 */
export function unsentReadings(options: UnsentOptions): UnsentReadings {
  const { captures } = options;
  const inOrder = (): UnsentCapture[] =>
    captures
      .unsent()
      .filter(({ state }) => state !== 'failed')
      .sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  return {
    bytes: async () => captures.unsent().reduce((sum, { bytes }) => sum + bytes, 0),
    listEveryNth: async n =>
      takeEveryNth(inOrder(), n, ({ state }) => state !== 'processing').map(asUnsentFile),
    async deleteEveryNth(n) {
      const lost = takeEveryNth(inOrder(), n, one => one.state !== 'processing' && remove(options, one));
      for (const one of lost) await recordLost(options, one);
      return lost.map(asUnsentFile);
    },
  };
}

function asUnsentFile(one: UnsentCapture): UnsentFile {
  return { path: pathOf(one), bytes: one.bytes, readings: one.readings };
}

/** False where it has just been taken elsewhere: unlink(2) and the rename that takes it cannot both succeed. */
function remove({ directory, incoming }: UnsentOptions, one: UnsentCapture): boolean {
  for (const folder of [incoming, directory]) {
    const path = join(folder, pathOf(one));
    if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    try {
      unlinkSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw asSluiceError(error, { operation: 'delete', subject: path });
    }
    try {
      unlinkSync(path + SIDECAR);
    } catch {
      // Lines have no metadata beside them, and that of a binary reading may have been delivered already.
    }
    return true;
  }
  return false;
}

async function recordLost(
  { captures, journal, clock }: UnsentOptions,
  { id, recordId }: UnsentCapture,
): Promise<void> {
  await captures.markLost(id, clock.nowMs());
  if (recordId === null) return;
  await journal()?.changeIf(recordId, 'incoming', {
    state: 'failed',
    outcome: 'failure',
    nextAttemptAtMs: null,
    hold: null,
    removedAtMs: clock.nowMs(),
    errorCode: 'capture_lost',
    errorAnswer: 'give-up',
    errorMessage: 'deleted before it was delivered, since the disk was full',
  });
}
