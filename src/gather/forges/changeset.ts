import type { ChangesetDetails } from '../../keep/store/changesets.ts';

/**
 * What code hosts say of changesets, in one form for all of them. All times are milliseconds since the
 * Unix epoch, on the host's clock. What a host does not say is undefined, never guessed.
 */

/** Where a changeset is: its repository and its number there. */
export interface ChangesetRef {
  /** As the host is named under `hosts:` (`github.com`, `git.example.com:8443`), lower case. */
  readonly host: string;
  /** `owner/name`; on GitLab the whole path (`group/subgroup/name`). In the host's spelling. */
  readonly repository: string;
  /** Number within the repository: `#7` on GitHub and Gitea, `!7` (iid) on GitLab. */
  readonly number: number;
}

export type ChangesetState = 'open' | 'draft' | 'merged' | 'closed';

/** Who did it. Undefined where the account is gone, or the host does not say. */
export interface Actor {
  readonly login: string;
  /** An app or bot account, as far as the host marks them. */
  readonly isBot: boolean;
}

/** Where the reviews stand: `changes_requested` outweighs `approved`, which outweighs `requested` and `commented`. */
export type ReviewState = ChangesetDetails['reviewState'];

/** All checks of the head commit together; `none` where there are none. */
export type CheckState = NonNullable<ChangesetDetails['checkState']>;

/** One end of a changeset. */
export interface Branch {
  readonly branch: string | undefined;
  /** Commit hash in hexadecimal; undefined where the branch and its commit are gone. */
  readonly commit: string | undefined;
  /** Repository that the branch is in, where it is known and still there (a fork may be deleted). */
  readonly repository: string | undefined;
}

/** What a listing has: enough to know whether a changeset is new or has changed. */
export interface ChangesetSummary {
  readonly ref: ChangesetRef;
  /** The host's own id, the same for the changeset's whole life, a rename or transfer included. Opaque. */
  readonly hostId: string | undefined;
  /** Address of its page. */
  readonly url: string;
  readonly title: string | undefined;
  readonly author: Actor | undefined;
  /** Of a state that is not known: as its times of merge and close have it. */
  readonly state: ChangesetState;
  readonly createdAtMs: number | undefined;
  readonly updatedAtMs: number | undefined;
}

/** All that is known of one. */
export interface Changeset extends ChangesetSummary, Omit<ChangesetDetails, 'labels' | 'reviewState'> {
  readonly head: Branch;
  readonly base: Branch;
  /** Undefined where the host does not say. */
  readonly labels: readonly string[] | undefined;
  /** Undefined where the reviews could not be read. */
  readonly reviewState: ReviewState | undefined;
}

/** Hosts' kinds of events, brought to common words; `other` keeps what has none (see `hostKind`). */
export type EventKind =
  | 'commit'
  | 'force_push'
  | 'review'
  | 'review_dismissed'
  | 'review_requested'
  | 'review_request_removed'
  | 'comment'
  | 'check'
  | 'labeled'
  | 'unlabeled'
  | 'assigned'
  | 'unassigned'
  | 'renamed'
  | 'base_changed'
  | 'converted_to_draft'
  | 'ready_for_review'
  | 'closed'
  | 'reopened'
  | 'merged'
  | 'other';

/** Something that happened to a changeset, once. Text of comments is not kept. */
export interface ChangesetEvent {
  /**
   * The host's id, with a prefix for its kind; unique within the changeset and the same every time the event is
   * listed, so storing it again changes nothing.
   */
  readonly id: string;
  readonly kind: EventKind;
  /** The host's own word for it (`HeadRefForcePushedEvent`, `system note`, …). */
  readonly hostKind: string;
  readonly atMs: number;
  /**
   * Place among the events of the same time, as the host lists them: `atMs`, then `order`, then `id` is the
   * order of events.
   */
  readonly order: number;
  readonly actor: Actor | undefined;
  /** Of a review. */
  readonly review?: 'approved' | 'changes_requested' | 'commented' | 'dismissed' | 'pending';
  /** Of a commit, a review and a check: the commit's hash. */
  readonly commit?: string;
  /** Of a check: its name and how it stands. A check that finishes tells another event than when it began. */
  readonly check?: { readonly name: string; readonly state: CheckState };
  /** Of labels: the label; of review requests and assignments: the login or team; of a rename: the new title. */
  readonly subject?: string;
}
