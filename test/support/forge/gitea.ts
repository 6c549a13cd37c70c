import type { TestContext } from 'node:test';
import { iso, listed, type ModelChangeset, type ModelEvent, type ModelRepository } from './model.ts';
import {
  bearerToken,
  ForgeStandIn,
  pageOf,
  type StandInAnswer,
  type StandInKind,
  type StandInRequest,
  type StandInSetup,
} from './server.ts';

/** Gitea's REST API v1, with the ways that Gitea 1.26 was seen to have (test/real-forge). */
export function startGitea(t: TestContext | undefined, setup?: StandInSetup): Promise<ForgeStandIn> {
  return ForgeStandIn.start(t, GITEA, setup);
}

const GITEA: StandInKind = {
  routes,
  tokenOf: bearerToken,
  rateHeaders: () => ({}),
  defaultLimit: 1_000_000,
  sendsEtags: false,
  countsNotModified: true,
};

function routes(request: StandInRequest): StandInAnswer | undefined {
  const { url, model, origin } = request;
  const path = decodeURIComponent(url.pathname).replace(/^\/api\/v1/, '');
  const owner = /^\/users\/([^/]+)\/repos$/.exec(path)?.[1];
  if (owner !== undefined) {
    const owned = model.owned(owner);
    return owned.length === 0 ? undefined : page(owned, request, each => repositoryOf(each, origin));
  }
  if (path === '/repos/issues/search') {
    const wanted = url.searchParams.get('owner');
    const author = url.searchParams.get('created_by');
    const all = model.changesets.filter(
      each =>
        (wanted === null || each.repository.path.startsWith(`${wanted}/`)) &&
        (author === null || each.author === author),
    );
    return page(listed(all, 'open'), request, each => issueOf(each, origin));
  }
  const [, name = '', rest = ''] = /^\/repos\/([^/]+\/[^/]+)(?:\/(.*))?$/.exec(path) ?? [];
  const repository = model.repository(name);
  if (!repository) return undefined;
  if (repository.path !== name) {
    const location = `${origin}/api/v1/repos/${repository.path}${rest && `/${rest}`}${url.search}`;
    return { status: 307, json: {}, headers: { location } };
  }
  if (rest === '') return { json: repositoryOf(repository, origin) };
  if (rest === 'pulls') {
    return page(listed(model.of(repository), url.searchParams.get('state')), request, each =>
      pullOf(each, origin),
    );
  }
  const commit = /^commits\/([0-9a-f]+)\/status$/.exec(rest)?.[1];
  if (commit !== undefined) return { json: statusOf(model.of(repository), commit) };
  const [, number, below] = /^(?:pulls|issues)\/(\d+)(?:\/(\w+))?$/.exec(rest) ?? [];
  const changeset = model.find(repository, Number(number));
  return changeset && ofChangeset(changeset, below, request);
}

function page<T>(all: readonly T[], request: StandInRequest, form: (item: T) => unknown): StandInAnswer {
  const { items, headers } = pageOf(all, request, { size: 'limit', most: 50 });
  return { json: items.map(form), headers };
}

const user = (login: string): unknown => ({ id: 1, login, full_name: '' });

const TYPES: Readonly<Partial<Record<ModelEvent['kind'], string>>> = {
  comment: 'comment',
  review: 'review',
  labeled: 'label',
  closed: 'close',
  reopened: 'reopen',
  merged: 'merge_pull',
  review_requested: 'review_request',
};

function ofChangeset(
  changeset: ModelChangeset,
  below: string | undefined,
  request: StandInRequest,
): StandInAnswer | undefined {
  const { events } = changeset;
  switch (below) {
    case undefined:
      return { json: pullOf(changeset, request.origin) };
    case 'reviews':
      return page(
        events.filter(({ kind }) => kind === 'review'),
        request,
        ({ id, atMs, actor, review }) => ({
          id,
          user: user(actor),
          state:
            review === 'CHANGES_REQUESTED' ? 'REQUEST_CHANGES' : review === 'COMMENTED' ? 'COMMENT' : review,
          dismissed: false,
          commit_id: changeset.headCommit,
          submitted_at: iso(atMs),
        }),
      );
    case 'commits':
      return page(changeset.commits.toReversed(), request, ({ oid, atMs }) => ({
        sha: oid,
        commit: { committer: { date: iso(atMs) } },
        author: user(changeset.author),
      }));
    case 'timeline': {
      const since = Date.parse(request.url.searchParams.get('since') ?? '1970-01-01');
      const { json } = page(
        events.filter(({ atMs }) => atMs >= since),
        request,
        timelineItem,
      );
      // No Link, and an empty page is null, as of Gitea 1.26.
      return { json: Array.isArray(json) && json.length > 0 ? json : null };
    }
    default:
      return undefined;
  }
}

function timelineItem({ id, kind, atMs, actor, label }: ModelEvent): unknown {
  return {
    id,
    type: TYPES[kind],
    user: user(actor),
    body: kind === 'labeled' ? '1' : '',
    created_at: iso(atMs),
    label: label === undefined ? null : { name: label },
  };
}

function statusOf(changesets: readonly ModelChangeset[], commit: string): unknown {
  const found = changesets.find(({ headCommit, check }) => headCommit === commit && check !== undefined);
  const at = iso(found?.updatedAtMs ?? 0);
  const statuses = found
    ? [{ id: 1, status: found.check, context: 'build', created_at: at, updated_at: at, creator: user('ci') }]
    : [];
  return { state: found?.check ?? '', total_count: statuses.length, statuses: found ? statuses : null };
}

function pullOf(changeset: ModelChangeset, origin: string): unknown {
  const { repository, state } = changeset;
  const endedAt = state === 'open' ? null : iso(changeset.closedAtMs ?? changeset.updatedAtMs);
  const at = { repo_id: repository.id, repo: { id: repository.id, full_name: repository.path } };
  return {
    id: changeset.id,
    number: changeset.number,
    html_url: `${origin}/${repository.path}/pulls/${changeset.number}`,
    title: changeset.title,
    user: user(changeset.author),
    state: state === 'open' ? 'open' : 'closed',
    draft: changeset.draft,
    merged: state === 'merged',
    mergeable: state === 'open',
    created_at: iso(changeset.createdAtMs),
    updated_at: iso(changeset.updatedAtMs),
    merged_at: state === 'merged' ? endedAt : null,
    closed_at: endedAt,
    additions: 10,
    deletions: 2,
    changed_files: 3,
    labels: changeset.labels.map(name => ({ name })),
    requested_reviewers: null,
    head: { ref: 'topic', sha: changeset.headCommit, ...at },
    base: { ref: 'main', sha: 'b'.repeat(40), ...at },
  };
}

function issueOf(changeset: ModelChangeset, origin: string): unknown {
  const { repository } = changeset;
  return {
    id: changeset.id + 1,
    number: changeset.number,
    html_url: `${origin}/${repository.path}/pulls/${changeset.number}`,
    title: changeset.title,
    user: user(changeset.author),
    state: 'open',
    created_at: iso(changeset.createdAtMs),
    updated_at: iso(changeset.updatedAtMs),
    pull_request: { merged: false, draft: changeset.draft },
    repository: { id: repository.id, full_name: repository.path },
  };
}

function repositoryOf(repository: ModelRepository, origin: string): unknown {
  return {
    id: repository.id,
    full_name: repository.path,
    html_url: `${origin}/${repository.path}`,
    private: repository.private,
    archived: repository.archived,
    fork: repository.fork,
    empty: repository.empty,
    default_branch: 'main',
    updated_at: iso(repository.pushedAtMs),
    size: repository.sizeKib,
  };
}
