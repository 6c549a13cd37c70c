import type { ChangesetEvent, EventKind } from '../changeset.ts';
import { eventsOf, type ListedEvent } from '../events.ts';
import type { GithubCheck, GithubCommit, GithubTimelineItem } from './answers.ts';
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

function timelineEvent(item: GithubTimelineItem): ListedEvent | undefined {
  // A review that is still being written is seen by its author alone and has no time.
  if (item.id === undefined || item.state === 'PENDING') return undefined;
  return {
    id: `timeline:${item.id}`,
    kind: KINDS[item.__typename] ?? 'other',
    hostKind: item.__typename,
    at: item.submittedAt ?? item.createdAt,
    actor: actorOf(item.actor ?? item.author),
    review: REVIEWS[item.state ?? ''],
    commit: (item.afterCommit ?? item.commit)?.oid,
    subject:
      item.label?.name ??
      item.requestedReviewer?.login ??
      item.requestedReviewer?.slug ??
      item.assignee?.login ??
      item.currentTitle ??
      item.currentRefName,
  };
}

export function timelineEvents(items: readonly GithubTimelineItem[]): ChangesetEvent[] {
  return eventsOf(items, timelineEvent);
}

/** The time of a commit is its committer's date, which a rebase renews. */
export function commitEvents(commits: readonly GithubCommit[]): ChangesetEvent[] {
  return eventsOf(commits, ({ commit }) => ({
    id: `commit:${commit.oid}`,
    kind: 'commit',
    hostKind: 'PullRequestCommit',
    at: commit.committedDate,
    actor: actorOf(commit.author?.user),
    commit: commit.oid,
  }));
}

/** Checks of the head commit. One that has finished has another id than while it ran. */
export function checkEvents(checks: readonly GithubCheck[], commit: string | undefined): ChangesetEvent[] {
  return eventsOf(checks, check => {
    const state = check.conclusion ?? check.state ?? check.status;
    if (check.id === undefined || !state) return undefined;
    return {
      id: `check:${check.id}:${state.toLowerCase()}`,
      kind: 'check',
      hostKind: check.__typename ?? '',
      at: check.completedAt ?? check.startedAt ?? check.createdAt,
      actor: actorOf(check.creator),
      commit,
      check: { name: check.name ?? check.context ?? '', state: checkStateOf(state) },
    };
  });
}
