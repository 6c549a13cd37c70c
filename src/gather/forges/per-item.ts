import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { ChangesetRef } from './changeset.ts';
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
 * @param readRepository asked once a repository of which a changeset is missing; `forge_missing` where it is not shown
 * @throws SluiceError what concerns all that are still to come
 */
export async function* fetchOneByOne(
  wanted: readonly WantedChangeset[],
  fetchOne: (wanted: WantedChangeset) => Promise<ChangesetResult>,
  readRepository: (repository: string) => Promise<unknown>,
): AsyncGenerator<ChangesetResult> {
  const seen = new Map<string, boolean>();
  const sees = async (repository: string): Promise<boolean> => {
    const isSeen = seen.get(repository) ?? (await isShown(readRepository(repository)));
    seen.set(repository, isSeen);
    return isSeen;
  };
  let failedInRow = 0;
  for (const each of wanted) {
    let result: ChangesetResult;
    try {
      result = await fetchOne(each).catch(error => missingIn(each.ref, error, sees));
      failedInRow = 0;
    } catch (thrown) {
      const error = asSluiceError(thrown);
      failedInRow = PERHAPS_OF_ALL.has(error.code) ? failedInRow + 1 : 0;
      const isOfAll = OF_ALL.has(error.code) && error.holds !== 'profile';
      if (isOfAll || failedInRow >= SEVERAL) throw error;
      result = { outcome: 'failed', ref: each.ref, error };
    }
    yield result;
  }
}

/** @throws what is no word for the changeset, and what says nothing of its repository */
async function missingIn(
  ref: ChangesetRef,
  error: unknown,
  sees: (repository: string) => Promise<boolean>,
): Promise<ChangesetResult> {
  if (!(error instanceof SluiceError) || error.code !== 'forge_missing') throw error;
  return { outcome: 'missing', ref, isRepositorySeen: await sees(ref.repository), error };
}

async function isShown(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'forge_missing') return false;
    throw error;
  }
}
