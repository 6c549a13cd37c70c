import { asSluiceError } from '../../base/errors.ts';
import type { ChangesetResult, WantedChangeset } from './forge.ts';

/** Failures that concern the host, the token or this side rather than one changeset. */
const OF_ALL = new Set<string>([
  'token_refused',
  'rate_limited',
  'host_unknown',
  'host_unreachable',
  'tls_failed',
  'cancelled',
  'stopping',
]);

/** Failures that may be of one changeset alone, and of the host where several have them in a row. */
export const PERHAPS_OF_ALL: ReadonlySet<string> = new Set<string>([
  'host_failing',
  'forge_answer_invalid',
  'connection_lost',
  'timed_out',
  'token_wanted',
]);

/** So many changesets that fail in a row are no accident of theirs. */
export const SEVERAL = 3;

/**
 * Changesets one after the other, where a host has no way to ask for many. A host that fails over several in a row is
 * taken to be failing altogether.
 * @throws SluiceError what concerns all that are still to come
 */
export async function* fetchOneByOne(
  wanted: readonly WantedChangeset[],
  fetchOne: (wanted: WantedChangeset) => Promise<ChangesetResult>,
): AsyncGenerator<ChangesetResult> {
  let failedInRow = 0;
  for (const each of wanted) {
    let result: ChangesetResult;
    try {
      result = await fetchOne(each);
      failedInRow = 0;
    } catch (thrown) {
      const error = asSluiceError(thrown);
      failedInRow = PERHAPS_OF_ALL.has(error.code) ? failedInRow + 1 : 0;
      const isOfAll = OF_ALL.has(error.code) && error.holds !== 'profile';
      if (isOfAll || failedInRow >= SEVERAL) throw error;
      result = { outcome: error.code === 'forge_missing' ? 'missing' : 'failed', ref: each.ref, error };
    }
    yield result;
  }
}
