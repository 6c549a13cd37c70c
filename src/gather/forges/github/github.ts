import { z } from 'zod';
import { systemClock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { headerOf } from '../../../base/http-headers.ts';
import type { ChangesetEvent, ChangesetRef } from '../changeset.ts';
import type {
  ChangesetPage,
  ChangesetSearch,
  Forge,
  ForgeCallOptions,
  ForgeDependencies,
  ForgeListOptions,
  ForgeSettings,
  RepositoryPage,
  WantedChangeset,
} from '../forge.ts';
import { ApiClient } from '../http/api-client.ts';
import { readAnswer } from '../http/read.ts';
import { encodedPath, OVERLAP_MS, RestForge } from '../http/rest-forge.ts';
import {
  commits,
  repositoryPage,
  restPull,
  restRepository,
  searchPage,
  summary,
  timeline,
} from './answers.ts';
import { githubAuthorize } from './authorize.ts';
import { fetchInBatches } from './batches.ts';
import { commitEvents, timelineEvents } from './events.ts';
import { graphql, graphqlFacts, partFailure } from './graphql.ts';
import { repositoryOf, repositoryOfRest, summaryOf, summaryOfRest } from './map.ts';
import { COMMITS_QUERY, EVENTS_QUERY, isoTime, REPOSITORIES_QUERY, SEARCH_QUERY } from './queries.ts';

const PAGE = /^(?<repository>[\w.-]+\/[\w.-]+)\/pull\/(?<number>\d+)(?:\/|$)/;

/** GitHub's search shows no more. */
const SEARCH_END = 1000;

/** GraphQL is beside REST's folder on GitHub Enterprise Server, and on the host of the API elsewhere. */
function graphqlPathOf({ baseUrl, apiUrl }: ForgeSettings): string {
  const { origin } = new URL(baseUrl);
  return apiUrl.startsWith(`${origin}/`) ? `${origin}/api/graphql` : '/graphql';
}

/**
 * GitHub (github.com, GitHub Enterprise Cloud and Server ≥ 3.17): listings of a repository by REST with ETags,
 * everything else by GraphQL, which needs a token.
 */
export class GithubForge extends RestForge implements Forge {
  readonly kind = 'github';
  readonly #graphqlPath: string;
  readonly #batchSize: number;

  /** @param batchSize most changesets that one call asks for */
  constructor(
    settings: ForgeSettings,
    { budget, clock = systemClock }: ForgeDependencies,
    batchSize: number,
  ) {
    const { host, apiUrl, credentials, timeoutMs } = settings;
    const client = new ApiClient({
      host,
      apiUrl,
      credentials,
      timeoutMs,
      budget,
      clock,
      headers: {
        accept: 'application/vnd.github+json',
        'user-agent': 'sluice',
        'x-github-api-version': '2022-11-28',
      },
      authorize: githubAuthorize(apiUrl, host),
      bodyFacts: (answer, resource) =>
        resource === 'graphql' ? graphqlFacts(answer, host, clock.nowMs()) : {},
      notModifiedCost: 0,
    });
    super(settings, client, PAGE);
    this.#batchSize = batchSize;
    this.#graphqlPath = graphqlPathOf(settings);
  }

  async *listRepositories(owner: string, options: ForgeCallOptions = {}): AsyncGenerator<RepositoryPage> {
    if (!this.client.hasCredentials) return yield* this.#listPublicRepositories(owner, options);
    let after: string | null | undefined;
    for (;;) {
      const variables = { owner, after };
      const { data } = await this.#graphql({ query: REPOSITORIES_QUERY, variables }, options);
      const page = readAnswer(repositoryPage, data, this.host, `repositories of ${owner}`).repositoryOwner;
      if (page === null) {
        throw new SluiceError('forge_missing', `${this.host} has no user or organization ${owner}`, {
          operation: 'list repositories',
          subject: owner,
        });
      }
      const { nodes, pageInfo } = page.repositories;
      yield { repositories: nodes.flatMap(node => (node ? [repositoryOf(node)] : [])) };
      if (!pageInfo.hasNextPage) return;
      after = pageInfo.endCursor;
    }
  }

  async *#listPublicRepositories(owner: string, options: ForgeCallOptions): AsyncGenerator<RepositoryPage> {
    const path = `/users/${encodeURIComponent(owner)}/repos`;
    const what = `repositories of ${owner}`;
    for await (const page of this.readPages(path, { per_page: 100 }, restRepository, what, options)) {
      yield { repositories: page.map(repositoryOfRest) };
    }
  }

  async *listChangesets(repository: string, options: ForgeListOptions = {}): AsyncGenerator<ChangesetPage> {
    const { state = 'open', updatedSinceMs = 0, etag, ...rest } = options;
    const path = `/repos/${encodedPath(repository)}/pulls`;
    const query = { state, sort: 'updated', direction: 'desc', per_page: 100 };
    for await (const { status, json, headers, hostTimeMs } of this.client.pages({
      ...rest,
      path,
      query,
      etag,
    })) {
      if (status === 304) {
        yield { changesets: [], etag, notModified: true, truncated: false, asOfMs: hostTimeMs };
        return;
      }
      const pulls = readAnswer(z.array(restPull), json, this.host, `changesets of ${repository}`);
      const all = pulls.map(pull => summaryOfRest(pull, this.host));
      const changesets = all.filter(({ updatedAtMs }) => updatedAtMs >= updatedSinceMs - OVERLAP_MS);
      yield {
        changesets,
        etag: headerOf(headers, 'etag'),
        notModified: false,
        truncated: false,
        asOfMs: hostTimeMs,
      };
      if (changesets.length < all.length) return;
    }
  }

  async *searchChangesets(
    search: ChangesetSearch,
    options: ForgeCallOptions = {},
  ): AsyncGenerator<ChangesetPage> {
    const query = `${searchTerm(search)} is:pr is:open sort:updated-desc`;
    let after: string | null | undefined;
    for (;;) {
      const { data, hostTimeMs } = await this.#graphql(
        { query: SEARCH_QUERY, variables: { query, after } },
        options,
      );
      const { search: page } = readAnswer(searchPage, data, this.host, 'a search');
      const changesets = page.nodes.flatMap(node => {
        if (node?.__typename !== 'PullRequest' || node.repository === undefined) return [];
        const pull = readAnswer(summary, node, this.host, 'a search');
        return [summaryOf(pull, this.host, node.repository.nameWithOwner)];
      });
      const truncated = page.issueCount > SEARCH_END;
      yield { changesets, etag: undefined, notModified: false, truncated, asOfMs: hostTimeMs };
      if (!page.pageInfo.hasNextPage) return;
      after = page.pageInfo.endCursor;
    }
  }

  fetchChangesets(wanted: readonly WantedChangeset[], options: ForgeCallOptions = {}) {
    const context = {
      client: this.client,
      host: this.host,
      graphqlPath: this.#graphqlPath,
      batchSize: this.#batchSize,
    };
    return fetchInBatches(context, wanted, options);
  }

  async *fetchEvents(
    ref: ChangesetRef,
    { sinceMs, ...options }: ForgeCallOptions & { readonly sinceMs?: number } = {},
  ): AsyncGenerator<readonly ChangesetEvent[]> {
    const [owner = '', name = ''] = ref.repository.split('/');
    const base = { owner, name, number: ref.number };
    const shown = `${ref.repository}#${ref.number}`;
    let before: string | null | undefined;
    do {
      const pull = await this.#pull(ref, { query: COMMITS_QUERY, variables: { ...base, before } }, options);
      const page = readAnswer(commits, pull.recentCommits, this.host, `commits of ${shown}`);
      yield commitEvents(page);
      before = page.pageInfo.hasPreviousPage ? page.pageInfo.startCursor : undefined;
    } while (before);
    const since = sinceMs === undefined ? undefined : isoTime(sinceMs - OVERLAP_MS);
    let after: string | null | undefined;
    do {
      const variables = { ...base, since, after };
      const pull = await this.#pull(ref, { query: EVENTS_QUERY, variables }, options);
      const page = readAnswer(timeline, pull.timelineItems, this.host, `events of ${shown}`);
      yield timelineEvents(page);
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : undefined;
    } while (after);
  }

  #graphql(query: Parameters<typeof graphql>[1], options: ForgeCallOptions): ReturnType<typeof graphql> {
    return graphql(this.client, query, { ...options, path: this.#graphqlPath });
  }

  async #pull(
    ref: ChangesetRef,
    query: Parameters<typeof graphql>[1],
    options: ForgeCallOptions,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { data, errors } = await this.#graphql(query, options);
    const repository = data.repository as { pullRequest?: Record<string, unknown> | null } | null | undefined;
    if (repository?.pullRequest) return repository.pullRequest;
    const message = `no changeset ${ref.repository}#${ref.number}`;
    throw partFailure(errors[0] ?? { type: 'NOT_FOUND', message }, this.host);
  }
}

function searchTerm(search: ChangesetSearch): string {
  switch (search.kind) {
    case 'owner':
      return `user:${plainWord(search.owner)}`;
    case 'author':
      return `author:${plainWord(search.author)}`;
    case 'query':
      return search.query;
  }
}

/** A name in a search, which must not bring further terms with it. */
function plainWord(name: string): string {
  if (/^[\w.[\]/-]+$/.test(name)) return name;
  throw new SluiceError('forge_refused', `"${name}" is no name of a user or organization`, { subject: name });
}
