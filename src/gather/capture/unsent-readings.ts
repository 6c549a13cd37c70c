import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { asSluiceError } from '../../base/errors.ts';
import { Enclosure } from '../../base/files/enclosure.ts';
import type { UnsentFile, UnsentReadings } from '../../keep/disk/budget.ts';
import { takeEveryNth } from '../../keep/disk/plan.ts';
import type { CaptureJournal, UnsentCapture } from '../../keep/local/captures.ts';
import type { FileAddress } from '../../keep/local/journal.ts';
import { LINES, SIDECAR } from './files/names.ts';

/** Delivery, as far as files of readings wait in it. */
export interface WaitingRoom {
  /** Whether a file is being sent this very moment. @param recordId of its record */
  isUnderWay(recordId: number): boolean;
  /** Deletes a file that waits there, on record as lost. Throws disk_failed. */
  deleteUndelivered(address: FileAddress): Promise<'deleted' | 'under way' | 'not there'>;
}

export interface UnsentOptions {
  /** The capture folder. */
  readonly directory: string;
  /** Delivery's `incoming`. */
  readonly incoming: string;
  readonly captures: Pick<CaptureJournal, 'unsent' | 'markLost'>;
  /** Undefined for a plan alone, beside delivery. */
  readonly delivery: WaitingRoom | undefined;
  readonly clock: Clock;
}

/** Where a file lies, as below `incoming`. */
function pathOf({ profile, bucket, filepath }: FileAddress): string {
  return `${profile}/${bucket}/${filepath}`;
}

/**
 * Complete capture files that are not delivered, in lexical order of path, in whatever way they wait: not handed over
 * yet, in `incoming`, for a next try, for a place that is held, or in `failed`. Only one that is being sent this very
 * moment is in progress elsewhere. `.prog` files have no row and do not count.
 */
export function unsentReadings(options: UnsentOptions): UnsentReadings {
  const { captures, delivery, clock } = options;
  /** Deleted, and not on record as lost yet, since the database cannot be written: id and time. */
  const unmarked = new Map<number, number>();
  const markLost = async (): Promise<void> => {
    for (const [id, atMs] of unmarked) {
      try {
        await captures.markLost(id, atMs);
        unmarked.delete(id);
      } catch {
        return;
      }
    }
  };
  const inOrder = (): UnsentCapture[] =>
    captures
      .unsent()
      .filter(({ id }) => !unmarked.has(id))
      .sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  const isUnderWay = ({ recordId }: UnsentCapture): boolean =>
    recordId !== null && (delivery?.isUnderWay(recordId) ?? false);
  return {
    async size() {
      const all = inOrder();
      return {
        bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
        inodes: all.reduce((sum, { filepath }) => sum + (filepath.endsWith(LINES) ? 1 : 2), 0),
      };
    },
    async listEveryNth(n) {
      return (await takeEveryNth(inOrder(), n, one => !isUnderWay(one))).map(asUnsentFile);
    },
    async deleteEveryNth(n) {
      const lost = await takeEveryNth(inOrder(), n, async one => {
        if (isUnderWay(one) || !(await remove(options, one))) return false;
        unmarked.set(one.id, clock.nowMs());
        return true;
      });
      await markLost();
      return lost.map(asUnsentFile);
    },
  };
}

function asUnsentFile(one: UnsentCapture): UnsentFile {
  return { path: pathOf(one), bytes: one.bytes, readings: one.readings };
}

/** Removes a file, and the metadata of a binary reading with it. @returns false where it is being sent, or is gone */
async function remove(options: UnsentOptions, one: UnsentCapture): Promise<boolean> {
  if (!(await removeOne(options, one))) return false;
  const { filepath } = one;
  // Its metadata may have been delivered already; without its reading it is of no use.
  if (!filepath.endsWith(LINES)) await removeOne(options, { ...one, filepath: filepath + SIDECAR });
  return true;
}

async function removeOne(
  { directory, incoming, delivery }: UnsentOptions,
  address: FileAddress,
): Promise<boolean> {
  const outcome = (await delivery?.deleteUndelivered(address)) ?? 'not there';
  if (outcome !== 'not there') return outcome === 'deleted';
  // Delivery has not seen it yet. unlink(2) and the rename that takes it cannot both succeed.
  for (const folder of [incoming, directory]) {
    // Others may write to `incoming`: no link is followed to what is theirs.
    const enclosure = new Enclosure(folder);
    try {
      if (!enclosure.regularFile(pathOf(address))) continue;
      enclosure.unlink(pathOf(address));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw asSluiceError(error, { operation: 'delete', subject: join(folder, pathOf(address)) });
    } finally {
      enclosure.close();
    }
  }
  return false;
}
