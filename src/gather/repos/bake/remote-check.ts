import type { Store } from '../../../keep/store/store.ts';
import type { RemoteCheck, Repository } from '../../../keep/store/types.ts';
import { hasRefsOf } from '../clone/fetch.ts';
import { lsRemote, MANY_OTHER_REFS } from '../git/remote.ts';
import { type BakeJob, remoteOf } from './job.ts';

/** A bake that a check of the remote may save. */
export interface RemoteCheckJob {
  readonly job: BakeJob;
  readonly check: RemoteCheck;
  /** The branch that HEAD named at the last bake; null when there was none. */
  readonly headRef: string | null;
}

/**
 * Whether the store holds all that the remote has: one listing of its refs against the cursor. The clone is not
 * touched and need not be there. False may be wrong (a bake then finds nothing new), true is not.
 * @throws SluiceError as `lsRemote`
 */
export async function isRemoteUnchanged(
  { job, check, headRef }: RemoteCheckJob,
  { store, signal }: { readonly store: Store; readonly signal: AbortSignal },
): Promise<boolean> {
  const history = store.history(job.repositoryId);
  const [cursor, pending] = await Promise.all([history.cursor(), history.pending()]);
  if (pending) return false;
  // With very many other refs only branches and tags are listed; HEAD is followed with the next push.
  const head = check.otherRefs <= MANY_OTHER_REFS || headRef === null;
  const options = { signal, tags: job.tags, head, preferred: check.spelling };
  const remoteRefs = await lsRemote(remoteOf(job), options);
  const sameHead = !head || (remoteRefs.head ?? null) === headRef;
  return sameHead && hasRefsOf(cursor, remoteRefs);
}

/** The check that may stand in for a bake; undefined when only a bake will do. */
export function remoteCheckFor(
  { remoteCheck: check, headRef, lastBakedAtMs }: Repository,
  job: BakeJob,
): RemoteCheckJob | undefined {
  return check === null || lastBakedAtMs === null ? undefined : { job, check, headRef };
}
