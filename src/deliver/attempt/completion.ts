import { asFileError, type SluiceError } from '../../base/errors.ts';
import { type FileRecord, hasProof } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import { originOf } from '../origin/origin-of.ts';
import type { RestingPlace } from '../spool/spool.ts';
import { sentStill } from './content-known.ts';
import { sourceChanged } from './upload/content.ts';
import type { Sent } from './upload/sending.ts';

/** What came of taking a delivered file where such files go. */
export type Completion =
  /** @property sent with the identity that the file has now; `place` undefined where it was taken away meanwhile */
  | { readonly sent: Sent; readonly place: RestingPlace | undefined }
  /** What lies in its place is yet to be sent, or nothing tells that it is not. */
  | { readonly unsent: SluiceError };

/** The file that an attempt was made at, and what cuts it off. */
interface Delivered {
  readonly record: FileRecord;
  readonly signal: AbortSignal;
}

/**
 * Takes a file that was sent where delivered files go. One that somebody touched since it was read goes there only if
 * its bytes are still those that were sent.
 * @throws what the origin's `complete` throws
 */
export async function completeUntouched(
  context: DeliveryContext,
  attempted: Delivered,
  acknowledged: Sent,
): Promise<Completion> {
  const { record } = attempted;
  const origin = originOf(record);
  const isProven = hasProof(acknowledged);
  const place = await origin.complete(context, record, acknowledged, isProven);
  if (place !== 'changed') return { sent: acknowledged, place };
  let sent: Sent | undefined;
  try {
    sent = await compared(context, attempted, acknowledged);
  } catch (error) {
    return { unsent: asFileError(error, { operation: 'read' }) };
  }
  const again = sent && (await origin.complete(context, record, sent, isProven));
  if (!sent || again === 'changed') return { unsent: sourceChanged(origin.path(context.spool, record)) };
  return { sent, place: again };
}

async function compared(
  context: DeliveryContext,
  { record, signal }: Delivered,
  sent: Sent,
): Promise<Sent | undefined> {
  const file = originOf(record).open(context, record);
  // Taken away: it has arrived all the same.
  if (!file) return sent;
  try {
    return await sentStill(sent, file, signal);
  } finally {
    file.close();
  }
}
