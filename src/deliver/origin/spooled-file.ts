import type { OpenedFile } from '../../base/files/opened-file.ts';
import type { EnteringFile, FileAddress, FileIdentity, FileRecord } from '../../keep/local/journal.ts';
import { supersedeOlder } from '../attempt/supersede.ts';
import type { DeliveryContext } from '../context.ts';
import type { Destination } from '../destinations.ts';
import { logFields } from '../listing.ts';
import { objectNamesOf } from '../object-names.ts';
import { addressOf } from '../spool/address.ts';
import { hasRunningCopy } from '../spool/copies.ts';
import { creationDateOf, identityOf, isUntouched, sameIdentity } from '../spool/files.ts';
import { follow } from '../spool/follow.ts';
import { pathIn } from '../spool/spool.ts';
import type { BeginFailure, BegunAttempt, FileOrigin } from './file-origin.ts';
import { openToTake, takeFault } from './take.ts';

/** A file that was put into `incoming`. Its record is in the state that bears its area's name. */
export const spooledFile: FileOrigin = {
  enter(context, path) {
    const { spool, journal, clock, destinations, settings } = context;
    const relative = path.slice(spool.areaPath('incoming').length + 1);
    const stats = spool.area('incoming').regularFile(relative);
    // Moved meanwhile, by an attempt or by somebody else.
    if (!stats) return undefined;
    const address = addressOf(relative, destinations);
    if ('fault' in address) return address;
    const fault = takeFault(spool.area('incoming'), relative, stats, settings);
    if (fault !== undefined) return { fault, isPassing: true };
    const identity = identityOf(stats);
    const isWaiting = stats.size === 0 && settings.emptyFiles === 'wait';
    const entering: EnteringFile = {
      ...address,
      ...identity,
      movedFrom: renamedFrom(context, address, identity)?.id,
      state: 'incoming',
      fileCreationDate: creationDateOf(stats),
      nextAttemptAtMs: isWaiting ? null : clock.nowMs(),
      hold: isWaiting ? 'empty' : null,
    };
    const before = takenBefore(context, address, identity);
    if (before === undefined) return journal.enter(entering);
    const taken = { state: 'processing', hold: null, nextAttemptAtMs: clock.nowMs() } as const;
    return journal.changeIf(before.id, 'incoming', taken).then(() => journal.enter(entering));
  },

  /** From `incoming` to `processing`, which never replaces a file there. */
  async begin(context, destination, record, signal) {
    const { spool, settings, buckets } = context;
    const awaitsContent = async (size: number): Promise<boolean> => {
      if (size > 0 || settings.emptyFiles !== 'wait' || record.copied) return false;
      await context.journal.change(record.id, { size: 0, hold: 'empty', nextAttemptAtMs: null });
      return true;
    };
    if (buckets.known(record.profile, record.bucket) !== true) {
      const size = spool.fileAt('incoming', record)?.size;
      if (size === undefined) return 'gone';
      if (await awaitsContent(size)) return 'waiting';
      if (await awaitsBucket(context, destination, record, signal)) return 'waiting';
    }
    const file = openToTake(spool.area('incoming'), pathIn(record), settings);
    if (!file) return 'gone';
    if ('fault' in file) return file;
    let begun: BegunAttempt | BeginFailure = 'waiting';
    try {
      if (!(await awaitsContent(file.stats.size))) begun = await take(context, record, file);
      return begun;
    } finally {
      if (typeof begun === 'string') file.close();
    }
  },

  entryPath(spool, record) {
    return spool.pathOf('incoming', record);
  },

  path(spool, record) {
    return spool.pathOf('processing', record);
  },

  open({ spool }, record) {
    return spool.open('processing', record);
  },

  deliveredBefore({ journal }, record) {
    return journal.byAddress(record, 'completed');
  },

  objectKey() {
    return undefined;
  },

  leavesOnlyRecord() {
    // Where it lies in the spool says it.
    return false;
  },

  async complete({ spool }, record, delivered) {
    const stats = spool.fileAt('processing', record);
    if (stats && !isUntouched(stats, delivered)) return 'changed';
    return spool.finish('completed', record, record.id);
  },

  fail({ spool }, record) {
    return spool.finish('failed', record, record.id);
  },

  async findAgain(context, record) {
    // It may have been replaced meanwhile; what lies there now enters by itself.
    const isReplaced =
      record.state === 'processing' && context.spool.fileAt('processing', record) !== undefined;
    if (isReplaced) return 'waiting';
    // The record may lag behind its file: the journal's disk was full after the move.
    const now = context.journal.byId(record.id) ?? record;
    const state = await follow(context, now);
    // It was replaced before it was taken: its record is that of what lies there now, as when that one enters.
    if (state === undefined && now.state === 'incoming' && context.spool.fileAt('incoming', now))
      return 'waiting';
    if (state === undefined) return undefined;
    return state === 'completed' || state === 'failed' ? state : 'waiting';
  },

  retryState: 'processing',

  retry(spool, record) {
    const moved = spool.retake(record, record.location);
    if (moved !== 'gone') return moved;
    // Moved by an earlier call, which the journal had no room to put on record.
    const there = spool.fileAt('processing', record);
    return there && sameIdentity(identityOf(there), record) ? 'moved' : 'gone';
  },

  drop(spool, record) {
    spool.remove('failed', record, record.location);
  },

  isPresent({ spool }, record) {
    // Between the rename and its row, a file is in processing already.
    return (spool.fileAt('incoming', record) ?? spool.fileAt('processing', record)) !== undefined;
  },

  folderAway({ spool, mounts }, record) {
    return record.state === 'incoming' ? mounts.awayAt(spool.pathOf('incoming', record)) : undefined;
  },

  isAstray(spool, record) {
    if (record.state !== 'incoming_tmp') return spool.fileAt(record.state, record) === undefined;
    return spool.fileAt('incoming', record) === undefined && !hasRunningCopy(spool, record);
  },

  completedFile(spool, record) {
    return spool.fileAt('completed', record, record.location);
  },
};

/** Moves the file that is open to `processing`. */
async function take(
  context: DeliveryContext,
  record: FileRecord,
  file: OpenedFile,
): Promise<BegunAttempt | BeginFailure> {
  const { spool, journal, clock, settings, log } = context;
  // The one before it may have left `processing` already, and its row says so only in a moment.
  const isFree = await supersedeOlder(context, record);
  const result = isFree ? spool.take(record, file) : 'blocked';
  const taken = result === 'other' ? takenInstead(context, record) : file;
  if (result === 'gone' || !taken) return 'gone';
  if (taken !== file) file.close();
  if (result === 'blocked') {
    await journal.change(record.id, { nextAttemptAtMs: clock.nowMs() + settings.intervalMs });
    return 'blocked';
  }
  // Asked for before anything else can enter a file at that address; settled together with the outcome.
  const onRecord = journal.change(record.id, { state: 'processing', hold: null, ...identityOf(taken.stats) });
  onRecord.catch(() => undefined);
  log.debug(logFields(record), 'moved to processing');
  return { file: taken, onRecord };
}

/**
 * What got the file's name between the look at it and the move, and was moved in its place: a newer file is as good, and
 * is the record's now. Anything else goes back.
 */
function takenInstead({ spool, settings }: DeliveryContext, record: FileRecord): OpenedFile | undefined {
  const file = spool.open('processing', record);
  const isEmpty = file?.stats.size === 0 && settings.emptyFiles === 'wait';
  if (
    file &&
    !isEmpty &&
    takeFault(spool.area('incoming'), pathIn(record), file.stats, settings) === undefined
  )
    return file;
  file?.close();
  spool.giveBack(record);
  return undefined;
}

/**
 * The record of the file that had this name before and was moved to `processing`, which the journal had no room to say:
 * it is not the record of what came after it.
 */
function takenBefore(
  { spool, journal }: DeliveryContext,
  address: FileAddress,
  { inode }: FileIdentity,
): FileRecord | undefined {
  const taken = spool.fileAt('processing', address);
  if (!taken || taken.ino === inode) return undefined;
  const record = journal.byAddress(address, 'incoming');
  return record?.inode === taken.ino ? record : undefined;
}

/** The record of the very file under the name that it had while it waited; a second name of it is another file. */
function renamedFrom(
  { spool, journal, settings }: DeliveryContext,
  address: FileAddress,
  identity: FileIdentity,
): FileRecord | undefined {
  const record = journal.byIdentity(identity, 'spool');
  if (!record || isSameAddress(record, address)) return undefined;
  // It would count as older than what is on record there, though it came later.
  const moved = { ...record, ...address };
  if (journal.newerThan(moved, objectNamesOf(moved, settings))) return undefined;
  const isThere = [spool.fileAt('incoming', record), spool.fileAt('processing', record)].some(
    stats => stats?.ino === identity.inode,
  );
  return isThere ? undefined : record;
}

function isSameAddress(one: FileAddress, other: FileAddress): boolean {
  return one.filepath === other.filepath && one.bucket === other.bucket && one.profile === other.profile;
}

/**
 * Leaves a file where it is whose bucket does not exist: nothing is gained by moving it. When that cannot be asked, the
 * upload will show it.
 */
async function awaitsBucket(
  { buckets, endpoints, journal }: DeliveryContext,
  destination: Destination,
  record: FileRecord,
  signal: AbortSignal,
): Promise<boolean> {
  if (endpoints.isOffline(destination.endpoint)) return false;
  try {
    if (await buckets.exists(destination, record.bucket, signal)) return false;
  } catch (error) {
    endpoints.noteCall(destination.endpoint, error);
    return false;
  }
  await journal.change(record.id, {
    hold: 'bucket',
    nextAttemptAtMs: null,
    errorCode: 'bucket_missing',
    errorAnswer: 'give-up',
    errorMessage: `bucket ${record.bucket} does not exist`,
  });
  return true;
}
