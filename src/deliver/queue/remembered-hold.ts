import { CATALOGUE, type ErrorCode } from '../../base/errors.ts';
import type { HoldReason } from '../../engine/place-hold.ts';
import type { FileHold } from '../../keep/local/journal.ts';

/** What a record says of the place that it waits for. */
export interface Remembered {
  readonly hold: FileHold | 'profile';
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/** Why it is, where that was written by another version. */
const LIKELY: Readonly<Partial<Record<Remembered['hold'], ErrorCode>>> = {
  bucket_held: 'bucket_full',
  profile: 'key_expired',
};

/** What is known of a hold that only the journal remembers. */
export function remembered({ hold, errorCode, errorMessage }: Remembered): HoldReason {
  const isKnown = errorCode !== null && Object.hasOwn(CATALOGUE, errorCode);
  const code = isKnown ? (errorCode as ErrorCode) : (LIKELY[hold] ?? 'disk_failed');
  const { meaning, remedy } = CATALOGUE[code];
  return { code, message: errorMessage ?? meaning, hint: remedy };
}
