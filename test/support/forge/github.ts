import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import type { components } from '@octokit/openapi-types';
import { githubGraphql } from './github-graphql.ts';
import { iso, listed, type ModelChangeset, type ModelRepository } from './model.ts';
import {
  bearerToken,
  ForgeStandIn,
  pageOf,
  type StandInAnswer,
  type StandInKind,
  type StandInRequest,
  type StandInSetup,
} from './server.ts';

type Pull = components['schemas']['pull-request-simple'];
type Repository = components['schemas']['minimal-repository'];

const require = createRequire(import.meta.url);

/** GitHub's own recorded deliveries: the forms that the stand-in fills with the model's values. */
const recorded = require('@octokit/webhooks-examples') as readonly {
  readonly name: string;
  readonly examples: readonly { readonly pull_request: Pull; readonly repository: Repository }[];
}[];
const example = recorded.find(({ name }) => name === 'pull_request')?.examples[0];
if (example === undefined) throw new Error('no recorded pull_request delivery');
const { pull_request: recordedPull, repository: recordedRepository } = example;

/** GitHub Enterprise Server's addresses: REST below /api/v3, GraphQL at /api/graphql. */
export function startGithub(t: TestContext | undefined, setup?: StandInSetup): Promise<ForgeStandIn> {
  return ForgeStandIn.start(t, GITHUB, setup);
}

const GITHUB: StandInKind = {
  routes,
  tokenOf: bearerToken,
  rateHeaders: ({ limit, remaining, resource }) => ({
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 1800),
    'x-ratelimit-resource': resource,
  }),
  defaultLimit: 5000,
  sendsEtags: true,
  countsNotModified: false,
};

async function routes(request: StandInRequest): Promise<StandInAnswer | undefined> {
  const { method, url, model, origin } = request;
  const path = decodeURIComponent(url.pathname);
  if (method === 'POST' && path === '/api/graphql') return githubGraphql(request);
  const pulls = /^\/api\/v3\/repos\/([^/]+\/[^/]+)\/pulls$/.exec(path);
  if (pulls) {
    const repository = model.repository(pulls[1] ?? '');
    if (!repository) return undefined;
    if (repository.path !== pulls[1]) return moved(request, `/api/v3/repos/${repository.path}/pulls`);
    return rest(listed(model.of(repository), url.searchParams.get('state')), request, each =>
      pullOf(each, origin),
    );
  }
  const repositories = /^\/api\/v3\/users\/([^/]+)\/repos$/.exec(path);
  if (repositories) {
    const owned = model.owned(repositories[1] ?? '').filter(each => !each.private);
    return owned.length === 0 ? undefined : rest(owned, request, each => repositoryOf(each, origin));
  }
  return undefined;
}

/** A renamed repository: 301 with the new address and a message (docs.github.com, "Follow redirects"). */
function moved({ origin, url }: StandInRequest, path: string): StandInAnswer {
  const location = `${origin}${path}${url.search}`;
  return { status: 301, json: { message: 'Moved Permanently', url: location }, headers: { location } };
}

function rest<T>(all: readonly T[], request: StandInRequest, form: (item: T) => unknown): StandInAnswer {
  const { items, headers } = pageOf(all, request, { size: 'per_page', most: 100 });
  return { json: items.map(form), headers };
}

function pullOf(changeset: ModelChangeset, origin: string): Pull {
  const closedAtMs = changeset.closedAtMs ?? changeset.updatedAtMs;
  return {
    ...recordedPull,
    id: changeset.id,
    node_id: `PR_${changeset.id}`,
    number: changeset.number,
    title: changeset.title,
    html_url: `${origin}/${changeset.repository.path}/pull/${changeset.number}`,
    draft: changeset.draft,
    state: changeset.state === 'open' ? 'open' : 'closed',
    created_at: iso(changeset.createdAtMs),
    updated_at: iso(changeset.updatedAtMs),
    closed_at: changeset.state === 'open' ? null : iso(closedAtMs),
    merged_at: changeset.state === 'merged' ? iso(closedAtMs) : null,
    user: recordedPull.user && {
      ...recordedPull.user,
      login: changeset.author,
      type: accountType(changeset.author),
    },
    base: {
      ...recordedPull.base,
      repo: { ...recordedPull.base.repo, full_name: changeset.repository.path },
    },
  };
}

function accountType(login: string): string {
  return login.endsWith('[bot]') ? 'Bot' : 'User';
}

function repositoryOf(repository: ModelRepository, origin: string): Repository {
  return {
    ...recordedRepository,
    id: repository.id,
    node_id: `R_${repository.id}`,
    full_name: repository.path,
    html_url: `${origin}/${repository.path}`,
    private: repository.private,
    archived: repository.archived,
    fork: repository.fork,
    default_branch: 'main',
    pushed_at: iso(repository.pushedAtMs),
    size: repository.empty ? 0 : repository.sizeKib,
  };
}
