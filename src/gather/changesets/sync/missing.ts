import { SluiceError } from '../../../base/errors.ts';
import type { StoredChangeset } from '../../../keep/store/changesets.ts';

/** Looks in a row, hours apart by the retry schedule, after which an unseen repository is taken to be gone. */
const SURE_AFTER_LOOKS = 8;
/** Looks that come sooner after one another, as somebody asks for them by hand, count as one. */
const LEAST_BETWEEN_LOOKS_MS = 60 * 60_000;

/**
 * Whether a changeset that its host says is missing is deleted: where the repository is shown, or after that was seen
 * missing, too, again and again over hours. A host shows nothing of a repository to a token that has lost access, which
 * looks the same. Pure.
 * @param looks tries since the last one that went well, this one included
 */
export function isGone(
  {
    vanishedAtMs,
    lastError,
    lastFailureAtMs,
  }: Pick<StoredChangeset, 'vanishedAtMs' | 'lastError' | 'lastFailureAtMs'>,
  { isRepositorySeen }: { readonly isRepositorySeen: boolean },
  looks: number,
  nowMs: number,
): boolean {
  if (isRepositorySeen || vanishedAtMs !== null) return true;
  const wasUnseen = lastError?.code === 'repository_unseen' && lastFailureAtMs !== null;
  return wasUnseen && looks >= SURE_AFTER_LOOKS && nowMs - lastFailureAtMs >= LEAST_BETWEEN_LOOKS_MS;
}

/** The error for a changeset of which nobody knows yet whether it is deleted. */
export function repositoryUnseen(
  { host, repository, url }: Pick<StoredChangeset, 'host' | 'repository' | 'url'>,
  cause: SluiceError,
): SluiceError {
  const message = `${host} does not show ${repository} any more: gone, or no longer for these tokens; what is known stays`;
  return new SluiceError('repository_unseen', message, { operation: 'sync', subject: url, cause });
}
