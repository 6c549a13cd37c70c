import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type DocumentNode,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql';
import { iso, listed, type ModelChangeset, type ModelEvent, type ModelRepository } from './model.ts';
import type { StandInAnswer, StandInRequest } from './server.ts';

/** GitHub's published schema: graphql-js judges every query and shapes every answer by it. */
let schema: GraphQLSchema | undefined;
export function githubSchema(): GraphQLSchema {
  const file = new URL('schema.graphql', import.meta.resolve('@octokit/graphql-schema'));
  schema ??= buildSchema(readFileSync(file, 'utf8'), { assumeValid: true });
  return schema;
}

/** Queries by their text, judged once: only the values of their variables differ from call to call. */
const queries = new Map<
  string,
  { readonly document: DocumentNode; readonly faults: readonly GraphQLError[] }
>();

function judged(query: string): NonNullable<ReturnType<typeof queries.get>> {
  const known = queries.get(query);
  if (known) return known;
  const document = parse(query);
  const found = { document, faults: validate(githubSchema(), document) };
  queries.set(query, found);
  return found;
}

type Arguments = Readonly<Record<string, unknown>>;

export async function githubGraphql(request: StandInRequest): Promise<StandInAnswer> {
  const { query, variables } = JSON.parse(request.body) as {
    query: string;
    variables: Record<string, unknown>;
  };
  const { document, faults } = judged(query);
  const answer =
    faults.length > 0
      ? { errors: faults, data: null }
      : await execute({
          schema: githubSchema(),
          document,
          variableValues: variables,
          rootValue: root(request),
        });
  const errors = (answer.errors ?? []).map(error => ({
    message: error.message,
    path: error.path,
    ...(error.message.startsWith('Could not resolve') ? { type: 'NOT_FOUND' } : {}),
  }));
  const asked = Object.keys(variables).filter(name => /^i\d/.test(name)).length;
  return {
    json: { data: answer.data ?? null, ...(errors.length > 0 ? { errors } : {}) },
    cost: Math.max(1, Math.round((asked * 8) / 100)),
  };
}

function root({ model, origin }: StandInRequest): unknown {
  return {
    rateLimit: { cost: 1, limit: 5000, remaining: 4999, resetAt: iso(Date.now() + 1_800_000) },
    repository: ({ owner, name }: Arguments) => {
      const found = model.repository(`${owner}/${name}`);
      if (found) return repositoryNode(found, origin, number => model.find(found, number));
      throw new Error(`Could not resolve to a Repository with the name '${owner}/${name}'.`);
    },
    repositoryOwner: ({ login }: Arguments) => {
      const owned = model.owned(String(login));
      if (owned.length === 0) return null;
      return {
        __typename: 'Organization',
        repositories: (page: Arguments) =>
          connection(
            owned.map(each => repositoryNode(each, origin)),
            page,
          ),
      };
    },
    search: ({ query, ...page }: Arguments) => {
      const author = /\bauthor:(\S+)/.exec(String(query))?.[1];
      const user = /\buser:(\S+)/.exec(String(query))?.[1];
      const found = listed(model.changesets, 'open').filter(
        each =>
          (author === undefined || each.author === author) &&
          (user === undefined || each.repository.path.startsWith(`${user}/`)),
      );
      const shown = found.slice(0, 1000).map(each => pullNode(each, origin));
      return { ...connection(shown, page), issueCount: found.length };
    },
  };
}

function repositoryNode(
  repository: ModelRepository,
  origin: string,
  find: (number: number) => ModelChangeset | undefined = () => undefined,
): unknown {
  return {
    __typename: 'Repository',
    id: `R_${repository.id}`,
    nameWithOwner: repository.path,
    url: `${origin}/${repository.path}`,
    isPrivate: repository.private,
    isArchived: repository.archived,
    isFork: repository.fork,
    isEmpty: repository.empty,
    diskUsage: repository.sizeKib,
    pushedAt: iso(repository.pushedAtMs),
    defaultBranchRef: repository.empty ? null : { name: 'main' },
    pullRequest: ({ number }: Arguments) => {
      const found = find(Number(number));
      if (found) return pullNode(found, origin);
      throw new Error(`Could not resolve to a PullRequest with the number of ${number}.`);
    },
  };
}

/** Relay connection by index cursors, forwards (`first`, `after`) and backwards (`last`, `before`). */
function connection(
  nodes: readonly unknown[],
  { first, after, last, before }: Arguments,
): Record<string, unknown> {
  const start = after ? Number(after) + 1 : 0;
  const end = before ? Number(before) : nodes.length;
  const from = last === undefined || last === null ? start : Math.max(start, end - Number(last));
  const to = first === undefined || first === null ? end : Math.min(end, start + Number(first));
  return {
    totalCount: nodes.length,
    nodes: nodes.slice(from, to),
    pageInfo: {
      hasNextPage: to < nodes.length,
      hasPreviousPage: from > 0,
      startCursor: String(from),
      endCursor: String(to - 1),
    },
  };
}

function who(login: string): unknown {
  return { __typename: login.endsWith('[bot]') ? 'Bot' : 'User', login };
}

function pullNode(changeset: ModelChangeset, origin: string): unknown {
  const { repository, events } = changeset;
  const closedAt = changeset.state === 'open' ? null : iso(changeset.closedAtMs ?? changeset.updatedAtMs);
  const reviews = events.filter(({ kind }) => kind === 'review');
  const opinions = new Map(
    reviews
      .filter(({ review }) => review !== 'COMMENTED')
      .map(({ actor, review }) => [actor, { state: review }]),
  );
  return {
    __typename: 'PullRequest',
    id: `PR_${changeset.id}`,
    number: changeset.number,
    url: `${origin}/${repository.path}/pull/${changeset.number}`,
    title: changeset.title,
    isDraft: changeset.draft,
    state: changeset.state.toUpperCase(),
    createdAt: iso(changeset.createdAtMs),
    updatedAt: iso(changeset.updatedAtMs),
    author: who(changeset.author),
    repository: { nameWithOwner: repository.path },
    mergedAt: changeset.state === 'merged' ? closedAt : null,
    closedAt,
    additions: 10,
    deletions: 2,
    changedFiles: 3,
    mergeable: 'MERGEABLE',
    reviewDecision: null,
    headRefName: 'topic',
    headRefOid: changeset.headCommit,
    headRepository: { nameWithOwner: repository.path },
    baseRefName: 'main',
    baseRefOid: 'b'.repeat(40),
    labels: (page: Arguments) =>
      connection(
        changeset.labels.map(name => ({ name })),
        page,
      ),
    reviewRequests: () => ({ totalCount: events.filter(({ kind }) => kind === 'review_requested').length }),
    reviews: () => ({ totalCount: reviews.length }),
    latestOpinionatedReviews: (page: Arguments) => connection([...opinions.values()], page),
    commits: (page: Arguments) =>
      connection(
        changeset.commits.map(each => commitNode(each, changeset)),
        page,
      ),
    timelineItems: ({ since, ...page }: Arguments) =>
      connection(
        events.filter(({ atMs }) => !since || atMs >= Date.parse(String(since))).map(eventNode),
        page,
      ),
  };
}

function commitNode({ oid, atMs }: ModelChangeset['commits'][number], changeset: ModelChangeset): unknown {
  const { check, author, checkedAtMs = atMs + 1000 } = changeset;
  const contexts = [
    {
      __typename: 'CheckRun',
      id: `CR_${oid}`,
      name: 'build',
      status: 'COMPLETED',
      conclusion: check?.toUpperCase(),
      startedAt: iso(atMs),
      completedAt: iso(checkedAtMs),
    },
  ];
  return {
    commit: {
      oid,
      committedDate: iso(atMs),
      author: { user: who(author) },
      statusCheckRollup:
        check === undefined
          ? null
          : { state: check.toUpperCase(), contexts: (page: Arguments) => connection(contexts, page) },
    },
  };
}

const TYPES: Readonly<Record<ModelEvent['kind'], string>> = {
  comment: 'IssueComment',
  review: 'PullRequestReview',
  labeled: 'LabeledEvent',
  review_requested: 'ReviewRequestedEvent',
  closed: 'ClosedEvent',
  reopened: 'ReopenedEvent',
  merged: 'MergedEvent',
};

function eventNode({ id, kind, atMs, actor, review, label }: ModelEvent): unknown {
  return {
    __typename: TYPES[kind],
    id: `EV_${id}`,
    createdAt: iso(atMs),
    submittedAt: iso(atMs),
    author: who(actor),
    actor: who(actor),
    state: review,
    label: { name: label },
    requestedReviewer: { __typename: 'User', login: 'grace' },
  };
}
