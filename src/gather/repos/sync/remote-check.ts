import type { Store } from '../../../keep/store/store.ts';
import type { RefSnapshot, RemoteCheck, Repository } from '../../../keep/store/types.ts';
import { type BakeJob, remoteOf } from '../bake/bake.ts';
import { DETACHED_REF } from '../clone/open.ts';
import { lsRemote, type RemoteRefs } from '../git/remote.ts';

/** A bake that a look at the remote may save. */
export interface LookJob {
  readonly job: BakeJob;
  readonly look: RemoteCheck;
  /** The branch that HEAD named at the last bake; null when there was none. */
  readonly headRef: string | null;
}

/** With more foreign refs than this only branches and tags are listed; HEAD is followed with the next push. */
const MANY_OTHER_REFS = 2000;

/**
 * Whether the store holds all that the remote has: one listing of its refs against the cursor. The clone is not
 * touched and need not be there. False may be wrong (a bake then finds nothing new), true is not.
 * @throws SluiceError as `lsRemote`
 */
export async function nothingNew(
  { job, look, headRef }: LookJob,
  { store, signal }: { readonly store: Store; readonly signal: AbortSignal },
): Promise<boolean> {
  const history = store.history(job.repositoryId);
  const [cursor, pending] = await Promise.all([history.cursor(), history.pending()]);
  if (pending) return false;
  const head = look.otherRefs <= MANY_OTHER_REFS || headRef === null;
  const options = { signal, tags: job.tags, head, preferred: look.spelling };
  const remoteRefs = await lsRemote(remoteOf(job), options);
  const sameHead = !head || (remoteRefs.head ?? null) === headRef;
  return sameHead && sameRefs(cursor, remoteRefs);
}

function sameRefs(cursor: RefSnapshot, { refs, detachedHead }: RemoteRefs): boolean {
  if (cursor.size !== refs.size + (detachedHead === undefined ? 0 : 1)) return false;
  for (const [name, id] of refs) if (cursor.get(name) !== id) return false;
  return detachedHead === undefined || cursor.get(DETACHED_REF) === detachedHead;
}

/** The look that may stand in for a bake; undefined when only a bake will do. */
export function lookFor(repository: Repository, job: BakeJob): LookJob | undefined {
  const { remoteCheck: look, headRef, lastBakedAtMs } = repository;
  if (look === null || lastBakedAtMs === null) return undefined;
  return { job, look, headRef };
}
