import { isoTime } from '../../../base/units.ts';

/**
 * GraphQL as GitHub has it (docs.github.com/graphql). The tests run every query here against GitHub's published
 * schema. Values go as variables, never into the text.
 */

/**
 * Timeline items that become events; all others (mentions, cross references, subscriptions) say nothing of the
 * changeset.
 */
const ITEM_TYPES = [
  'ISSUE_COMMENT',
  'PULL_REQUEST_REVIEW',
  'HEAD_REF_FORCE_PUSHED_EVENT',
  'REVIEW_REQUESTED_EVENT',
  'REVIEW_REQUEST_REMOVED_EVENT',
  'REVIEW_DISMISSED_EVENT',
  'LABELED_EVENT',
  'UNLABELED_EVENT',
  'ASSIGNED_EVENT',
  'UNASSIGNED_EVENT',
  'RENAMED_TITLE_EVENT',
  'BASE_REF_CHANGED_EVENT',
  'CONVERT_TO_DRAFT_EVENT',
  'READY_FOR_REVIEW_EVENT',
  'CLOSED_EVENT',
  'REOPENED_EVENT',
  'MERGED_EVENT',
].join(', ');

const RATE = 'rateLimit { cost limit remaining resetAt }';

const ACTOR = 'fragment Who on Actor { __typename login }';

const ASSIGNEE = `fragment Assigned on Assignee {
  ... on User { login } ... on Bot { login } ... on Mannequin { login } ... on Organization { login }
}`;

const REVIEWER = `fragment Reviewer on RequestedReviewer {
  ... on User { login } ... on Bot { login } ... on Mannequin { login } ... on Team { slug }
}`;

const EVENTS = `fragment Events on PullRequestTimelineItemsConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    __typename
    ... on IssueComment { id createdAt author { ...Who } }
    ... on PullRequestReview { id submittedAt createdAt state author { ...Who } commit { oid } }
    ... on HeadRefForcePushedEvent { id createdAt actor { ...Who } afterCommit { oid } }
    ... on ReviewRequestedEvent { id createdAt actor { ...Who } requestedReviewer { ...Reviewer } }
    ... on ReviewRequestRemovedEvent { id createdAt actor { ...Who } requestedReviewer { ...Reviewer } }
    ... on ReviewDismissedEvent { id createdAt actor { ...Who } }
    ... on LabeledEvent { id createdAt actor { ...Who } label { name } }
    ... on UnlabeledEvent { id createdAt actor { ...Who } label { name } }
    ... on AssignedEvent { id createdAt actor { ...Who } assignee { ...Assigned } }
    ... on UnassignedEvent { id createdAt actor { ...Who } assignee { ...Assigned } }
    ... on RenamedTitleEvent { id createdAt actor { ...Who } currentTitle }
    ... on BaseRefChangedEvent { id createdAt actor { ...Who } currentRefName }
    ... on ConvertToDraftEvent { id createdAt actor { ...Who } }
    ... on ReadyForReviewEvent { id createdAt actor { ...Who } }
    ... on ClosedEvent { id createdAt actor { ...Who } }
    ... on ReopenedEvent { id createdAt actor { ...Who } }
    ... on MergedEvent { id createdAt actor { ...Who } commit { oid } }
  }
}`;

const COMMITS = `fragment Commits on PullRequestCommitConnection {
  totalCount
  pageInfo { hasPreviousPage startCursor }
  nodes { commit { oid committedDate author { user { __typename login } } } }
}`;

const SUMMARY = `fragment Summary on PullRequest {
  id number url title isDraft state createdAt updatedAt author { ...Who }
}`;

const CHANGESET = `fragment Changeset on PullRequest {
  ...Summary
  mergedAt closedAt additions deletions changedFiles mergeable reviewDecision
  headRefName headRefOid headRepository { nameWithOwner } baseRefName baseRefOid
  labels(first: 100) { nodes { name } }
  reviewRequests { totalCount }
  reviews { totalCount }
  latestOpinionatedReviews(first: 50) { nodes { state } }
  recentCommits: commits(last: $recent) { ...Commits }
  lastCommit: commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 50) { nodes {
    __typename
    ... on CheckRun { id name status conclusion startedAt completedAt }
    ... on StatusContext { id context state createdAt creator { ...Who } }
  } } } } } }
}`;

/** Commits that come along with a changeset; more than these cost a call of their own. */
export const RECENT_COMMITS = 30;

/** Connections of GraphQL that one changeset opens; a hundred cost a point. */
const CONNECTIONS_EACH = 8;

/**
 * Points that a batch is expected to cost ("Rate limits for the GraphQL API": requests to fulfil it / 100, at least 1).
 */
export function batchCost(changesets: number): number {
  return Math.max(1, Math.ceil((changesets * CONNECTIONS_EACH) / 100));
}

export interface GraphqlQuery {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface BatchRepository {
  readonly owner: string;
  readonly name: string;
  readonly changesets: readonly { readonly number: number; readonly sinceMs: number | undefined }[];
}

/** Many changesets of some repositories in one query; `r0.p3` is the fourth of the first repository. */
export function batchQuery(repositories: readonly BatchRepository[]): GraphqlQuery {
  const declarations: string[] = ['$recent: Int!'];
  const variables: Record<string, unknown> = { recent: RECENT_COMMITS };
  const declare = (name: string, type: string, value: unknown): string => {
    declarations.push(`$${name}: ${type}`);
    variables[name] = value;
    return `$${name}`;
  };
  const fields = repositories.map((repository, r) => {
    const owner = declare(`o${r}`, 'String!', repository.owner);
    const name = declare(`n${r}`, 'String!', repository.name);
    const changesets = repository.changesets.map(({ number, sinceMs }, p) => {
      const which = declare(`i${r}_${p}`, 'Int!', number);
      const since =
        sinceMs === undefined ? '' : `, since: ${declare(`s${r}_${p}`, 'DateTime!', isoTime(sinceMs))}`;
      return `p${p}: pullRequest(number: ${which}) {
        ...Changeset
        timelineItems(first: 50, itemTypes: [${ITEM_TYPES}]${since}) { ...Events }
      }`;
    });
    return `r${r}: repository(owner: ${owner}, name: ${name}) { nameWithOwner ${changesets.join('\n')} }`;
  });
  const query = `query Changesets(${declarations.join(', ')}) { ${RATE} ${fields.join('\n')} }
${[CHANGESET, SUMMARY, EVENTS, COMMITS, ACTOR, ASSIGNEE, REVIEWER].join('\n')}`;
  return { query, variables };
}

/** One page of a changeset's events. */
export const EVENTS_QUERY = `query Events($owner: String!, $name: String!, $number: Int!, $after: String, $since: DateTime) {
  ${RATE}
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    timelineItems(first: 100, after: $after, since: $since, itemTypes: [${ITEM_TYPES}]) { ...Events }
  } }
}
${[EVENTS, ACTOR, ASSIGNEE, REVIEWER].join('\n')}`;

/** One page of its commits, from the newest back. */
export const COMMITS_QUERY = `query Commits($owner: String!, $name: String!, $number: Int!, $before: String) {
  ${RATE}
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    recentCommits: commits(last: 100, before: $before) { ...Commits }
  } }
}
${COMMITS}`;

export const SEARCH_QUERY = `query Search($query: String!, $after: String) {
  ${RATE}
  search(type: ISSUE, query: $query, first: 100, after: $after) {
    issueCount pageInfo { hasNextPage endCursor }
    nodes { __typename ... on PullRequest { ...Summary repository { nameWithOwner } } }
  }
}
${[SUMMARY, ACTOR].join('\n')}`;

export const REPOSITORIES_QUERY = `query Repositories($owner: String!, $after: String) {
  ${RATE}
  repositoryOwner(login: $owner) {
    repositories(first: 100, after: $after, ownerAffiliations: [OWNER], orderBy: { field: NAME, direction: ASC }) {
      pageInfo { hasNextPage endCursor }
      nodes { id nameWithOwner url isPrivate isArchived isFork isEmpty diskUsage pushedAt defaultBranchRef { name } }
    }
  }
}`;
