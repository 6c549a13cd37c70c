import type { ChangesetEvent, EventKind } from '../changeset.ts';
import { placed, type UnplacedEvent } from '../events.ts';
import { timeMs } from '../http/read.ts';
import type { GithubChangeset, GithubCommits, GithubTimeline } from './answers.ts';
import { actorOf, checkStateOf } from './map.ts';

const KINDS: Readonly<Record<string, EventKind>> = {
  IssueComment: 'comment',
  PullRequestReview: 'review',
  HeadRefForcePushedEvent: 'force_push',
  ReviewRequestedEvent: 'review_requested',
  ReviewRequestRemovedEvent: 'review_request_removed',
  ReviewDismissedEvent: 'review_dismissed',
  LabeledEvent: 'labeled',
  UnlabeledEvent: 'unlabeled',
  AssignedEvent: 'assigned',
  UnassignedEvent: 'unassigned',
  RenamedTitleEvent: 'renamed',
  BaseRefChangedEvent: 'base_changed',
  ConvertToDraftEvent: 'converted_to_draft',
  ReadyForReviewEvent: 'ready_for_review',
  ClosedEvent: 'closed',
  ReopenedEvent: 'reopened',
  MergedEvent: 'merged',
};

const REVIEWS: Readonly<Record<string, NonNullable<ChangesetEvent['review']>>> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'changes_requested',
  COMMENTED: 'commented',
  DISMISSED: 'dismissed',
};

type Item = NonNullable<GithubTimeline['nodes'][number]>;

function timelineEvent(item: Item): UnplacedEvent | undefined {
  const atMs = timeMs(item.submittedAt ?? item.createdAt);
  // A review that is still being written is seen by its author alone and has no time.
  if (item.id === undefined || atMs === undefined || item.state === 'PENDING') return undefined;
  const commit = (item.afterCommit ?? item.commit)?.oid;
  const review = REVIEWS[item.state ?? ''];
  const subject =
    item.label?.name ??
    item.requestedReviewer?.login ??
    item.requestedReviewer?.slug ??
    item.assignee?.login ??
    item.currentTitle ??
    item.currentRefName;
  return {
    id: `timeline:${item.id}`,
    kind: KINDS[item.__typename] ?? 'other',
    hostKind: item.__typename,
    atMs,
    actor: actorOf(item.actor ?? item.author),
    ...(review === undefined ? {} : { review }),
    ...(commit === undefined ? {} : { commit }),
    ...(subject === undefined ? {} : { subject }),
  };
}

export function timelineEvents(timeline: GithubTimeline): ChangesetEvent[] {
  return placed(timeline.nodes.flatMap(item => (item ? (timelineEvent(item) ?? []) : [])));
}

/** Commits are told by their committer's date, which a rebase renews. */
export function commitEvents(commits: GithubCommits): ChangesetEvent[] {
  return placed(
    commits.nodes.flatMap(node => {
      const atMs = timeMs(node?.commit.committedDate);
      if (!node || atMs === undefined) return [];
      const { oid, author } = node.commit;
      const event: UnplacedEvent = {
        id: `commit:${oid}`,
        kind: 'commit',
        hostKind: 'PullRequestCommit',
        atMs,
        actor: actorOf(author?.user),
        commit: oid,
      };
      return [event];
    }),
  );
}

/** Checks of the head commit. One that has finished has another id than while it ran. */
export function checkEvents(pull: GithubChangeset): ChangesetEvent[] {
  const last = pull.lastCommit?.nodes?.at(-1)?.commit;
  const contexts = last?.statusCheckRollup?.contexts?.nodes ?? [];
  return placed(
    contexts.flatMap(check => {
      const told = check?.conclusion ?? check?.state ?? check?.status;
      const atMs = timeMs(check?.completedAt ?? check?.startedAt ?? check?.createdAt);
      if (!check?.id || !last || !told || atMs === undefined) return [];
      const event: UnplacedEvent = {
        id: `check:${check.id}:${told.toLowerCase()}`,
        kind: 'check',
        hostKind: check.__typename,
        atMs,
        actor: actorOf(check.creator),
        commit: last.oid,
        check: { name: check.name ?? check.context ?? '', state: checkStateOf(told) },
      };
      return [event];
    }),
  );
}
