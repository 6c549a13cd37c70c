/**
 * What is known, as plain rows. Times are whole seconds since the Unix epoch where git gave them and
 * milliseconds where the station took them; the names say which.
 */

/** A git object id in lower-case hexadecimal: 40 characters (SHA-1) or 64 (SHA-256). */
export type ObjectId = string;

/** Name and e-mail as a commit carries them. Either may be empty; neither is trusted to be anything. */
export interface PersonIdentity {
  readonly name: string;
  readonly email: string;
}

/** One commit as it is stored. */
export interface CommitRow {
  readonly hash: ObjectId;
  readonly parents: readonly ObjectId[];
  readonly author: PersonIdentity;
  /** Seconds since the epoch, clamped to years 1970–9999. */
  readonly authoredAt: number;
  /** Minutes east of UTC, clamped to ± one day. */
  readonly authoredZone: number;
  readonly committer: PersonIdentity;
  readonly committedAt: number;
  readonly committedZone: number;
  /** First paragraph of the message on one line, cut at 1 000 characters. */
  readonly subject: string;
  /** The whole message, at most 65 536 characters; absent where the subject is all of it. */
  readonly message?: string | undefined;
  /** JSON of its trailers, as git-interpret-trailers(1) finds them: pairs of key and value; absent where there are none. */
  readonly trailers?: string | undefined;
  /** Carries a signature (which is not verified). */
  readonly signed: boolean;
  /** From `Co-authored-by` trailers. */
  readonly coAuthors: readonly PersonIdentity[];
}

/** Commits that can be gone through, as often as is wanted; each may be made anew every time. */
export type CommitRows = Iterable<CommitRow> & {
  readonly length: number;
  /** For who sends bytes on; undefined where messages are not at hand as bytes, or hold a NUL. */
  readonly encoded?: EncodedCommits | undefined;
};

/** Commits whose messages need not become text. */
export interface EncodedCommits {
  /** Without `message` and `trailers`. */
  readonly rows: Iterable<CommitRow>;
  /** Of each row in turn, undefined where there is none. Valid until the next one is asked for. */
  readonly messages: Iterable<EncodedMessage | undefined>;
}

/** A message and, right behind it, its trailers as UTF-8. */
export interface EncodedMessage {
  readonly bytes: Buffer;
  readonly from: number;
  readonly messageBytes: number;
  /** 0 where there are none. */
  readonly trailersBytes: number;
}

/** The tips of a repository's refs by full ref name (`refs/heads/main`): what a bake has processed, or will. */
export type RefSnapshot = ReadonlyMap<string, ObjectId>;

/** What a repository is like at its remote, as of the last attempt. */
export type RepositoryState = 'new' | 'ok' | 'failing' | 'unreachable' | 'gone' | 'private' | 'moved';

export interface Repository {
  readonly id: number;
  /** Normalised; unique. */
  readonly url: string;
  /** Host that the limits count by; `local` for paths. */
  readonly host: string;
  /** Kept fresh on a schedule; the others are baked only when asked for. */
  readonly tracked: boolean;
  /** Who wants it kept fresh; empty when it is not tracked. */
  readonly trackedBy: readonly TrackingOrigin[];
  readonly state: RepositoryState;
  /** Full name of the ref that the remote's HEAD points to; null when it has none. */
  readonly headRef: string | null;
  readonly objectFormat: 'sha1' | 'sha256';
  /** The remote itself has only part of the history. */
  readonly shallow: boolean;
  /** Totals as of the last finished bake. */
  readonly totals: RepositoryTotals;
  /** When the store was last known to hold what the remote has. */
  readonly lastBakedAtMs: number | null;
  /** When a bake last had commits that the one before had not; null while only one has been. */
  readonly lastNewsAtMs: number | null;
  readonly lastError: string | null;
  /** Null when the last bake left something undone: then a remote check is not enough. */
  readonly remoteCheck: RemoteCheck | null;
  /** Where its address redirects to, normalised; null when it does not, or not to a place that may be followed. */
  readonly movedTo: string | null;
  readonly movedSeenAtMs: number | null;
}

/** What makes a remote check cheap. */
export interface RemoteCheck {
  /** The spelling of its address that answered. */
  readonly spelling: string;
  /** Refs there that are neither branch nor tag. */
  readonly otherRefs: number;
}

/**
 * Who asked for a repository to be kept fresh: the configuration, somebody on the command line or over the API,
 * or the owner that lists it (`owner:github:name`).
 */
export type TrackingOrigin = 'config' | 'cli' | 'api' | `owner:${string}`;

export interface RepositoryTotals {
  readonly commits: number;
  /** Distinct name and e-mail pairs after the mailmap: as many as `git shortlog -sne --branches --tags` has lines. */
  readonly authors: number;
  readonly firstCommitAt: number | null;
  readonly lastCommitAt: number | null;
}

/** A walk over history that was begun and not finished: it goes on where it stopped. */
export interface PendingWalk {
  /** The tips that the walk started from. */
  readonly tips: RefSnapshot;
  /** Commits of that walk, in its order, that are stored already. */
  readonly processed: number;
}

export type RunState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** One bake, from request to end. */
export interface Run {
  readonly id: number;
  readonly repositoryId: number;
  readonly url: string;
  readonly state: RunState;
  /** Why it was asked for, in words: "by hand", "schedule", "first bake". */
  readonly reason: string;
  readonly requestedAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** JSON of the bake's summary once done. */
  readonly summary: string | null;
  /** JSON of an ErrorRecord once failed. */
  readonly error: string | null;
}
