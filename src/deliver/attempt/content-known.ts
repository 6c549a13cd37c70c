import type { OpenedFile } from '../../base/files/opened-file.ts';
import { proveObject } from '../../keep/buckets/prove.ts';
import { type FileRecord, hasProof } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import { objectNamesOf } from '../object-names.ts';
import { identityOf, sameIdentity } from '../spool/files.ts';
import { deliveredOf } from './outcome.ts';
import { crc32OfFile } from './upload/content.ts';
import type { Acknowledged, Asking } from './upload/sending.ts';

/*
 * Size, times and inode are hints of what a file holds. Where they differ only in what a restore or another mount changes,
 * the CRC32 that is on record decides, before anything is sent.
 */

/** File systems and archives keep times to within two seconds. */
const SAME_TIME_MS = 2000;

/**
 * What an earlier attempt sent, while the file still holds it. One that somebody took away meanwhile has arrived all the
 * same.
 * @returns with the identity that the file has now; undefined where it is to be sent
 */
export async function acknowledgedStill(
  acknowledged: Acknowledged | undefined,
  file: OpenedFile | undefined,
  signal: AbortSignal,
): Promise<Acknowledged | undefined> {
  if (!acknowledged || !file) return acknowledged;
  const identity = identityOf(file.stats);
  if (sameIdentity(identity, acknowledged.identity)) return acknowledged;
  const { crc32 } = acknowledged;
  if (crc32 === null || identity.size !== acknowledged.identity.size) return undefined;
  return (await holds(file, crc32, signal)) ? { ...acknowledged, identity } : undefined;
}

/**
 * As `acknowledgedStill`, of what was sent just now, when something about the file has changed since: its bytes decide.
 * @returns undefined where something else is to be sent
 */
export async function sentStill<Known extends Acknowledged>(
  sent: Known,
  file: OpenedFile,
  signal: AbortSignal,
): Promise<Known | undefined> {
  const { size, ...seen } = identityOf(file.stats);
  if (sent.crc32 === null || size !== sent.identity.size) return undefined;
  if (!(await holds(file, sent.crc32, signal))) return undefined;
  return { ...sent, identity: { size, ...seen }, ctimeMs: file.stats.ctimeMs };
}

/**
 * What was delivered before under the same name, as it seems, and lies there again as after a restore: where its CRC32
 * agrees, and the store shows by its checksum that it has that content still, nothing is to be sent.
 * @param before the newest record of it that says it was delivered
 * @returns undefined where it is to be sent, also where the store cannot be asked
 */
export async function deliveredAlready(
  { endpoints, destinations, settings }: DeliveryContext,
  asking: Asking,
  before: FileRecord,
  file: OpenedFile,
): Promise<Acknowledged | undefined> {
  const { record, store, signal } = asking;
  const identity = identityOf(file.stats);
  if (before.crc32 === null || before.state !== 'completed') return undefined;
  const seemsSame =
    hasProof(before) &&
    before.objectKey === objectNamesOf(record, settings).key &&
    before.profile === record.profile &&
    before.bucket === record.bucket &&
    before.size === identity.size &&
    Math.abs(before.mtimeMs - identity.mtimeMs) < SAME_TIME_MS;
  const endpoint = destinations.get(record.profile)?.endpoint;
  if (!seemsSame || endpoint === undefined || endpoints.isOffline(endpoint)) return undefined;
  if (!(await holds(file, before.crc32, signal))) return undefined;
  const sent = deliveredOf({ ...before, ...identity, sentAtMs: before.completedAtMs });
  if (!sent) return undefined;
  try {
    const object = {
      at: { bucket: record.bucket, key: sent.key },
      etag: sent.etag,
      expected: { size: identity.size, crc32: before.crc32 },
      isAnswered: false,
    };
    const proof = await proveObject(store, object, { signal, checksum: true });
    return proof === 'checksum' ? { ...sent, verified: proof } : undefined;
  } catch {
    // It is sent then, which shows what is wrong.
    return undefined;
  }
}

/** Whether that is what it holds, and it did not change while it was read. */
async function holds(file: OpenedFile, crc32: string, signal: AbortSignal): Promise<boolean> {
  // It may have been moved since it was opened, which tells in its inode.
  const before = file.stat();
  if ((await crc32OfFile(file, file.stats.size, signal)) !== crc32) return false;
  const after = file.stat();
  return sameIdentity(identityOf(after), identityOf(file.stats)) && after.ctimeMs === before.ctimeMs;
}
