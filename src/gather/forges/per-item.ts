import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { ChangesetResult, WantedChangeset } from './forge.ts';

/** Failures that concern the host, the token or this side rather than one changeset. */
const OF_ALL = new Set<string>([
  'token_refused',
  'rate_limited',
  'host_unknown',
  'host_unreachable',
  'connection_lost',
  'timed_out',
  'tls_failed',
  'cancelled',
  'internal',
]);

/**
 * Changesets one after the other, where a host has no way to ask for many. A host that fails twice in a row is
 * taken to be failing altogether.
 * @throws SluiceError what concerns all that are still to come
 */
export async function* fetchOneByOne(
  wanted: readonly WantedChangeset[],
  fetchOne: (wanted: WantedChangeset) => Promise<ChangesetResult>,
): AsyncGenerator<ChangesetResult> {
  let failuresOfHost = 0;
  for (const each of wanted) {
    let result: ChangesetResult;
    try {
      result = await fetchOne(each);
      failuresOfHost = 0;
    } catch (thrown) {
      const error = thrown instanceof SluiceError ? thrown : asSluiceError(thrown);
      const isHosts = error.code === 'host_failing' || error.code === 'forge_answer_invalid';
      failuresOfHost = isHosts ? failuresOfHost + 1 : 0;
      if (OF_ALL.has(error.code) || failuresOfHost > 1) throw error;
      const outcome = error.code === 'forge_missing' ? 'missing' : 'failed';
      result = { outcome, ref: each.ref, error };
    }
    yield result;
  }
}
