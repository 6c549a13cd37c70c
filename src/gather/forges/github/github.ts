import { systemClock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { headerOf } from '../../../base/http-headers.ts';
import { isoTime } from '../../../base/units.ts';
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
import { type Entries, readEntries } from '../http/lenient.ts';
import { readAnswer, readPages } from '../http/read.ts';
import { encodedPath, isSince, OVERLAP_MS, ownerOf, RestForge } from '../http/rest-forge.ts';
import { PartReader } from '../unseen.ts';
import {
  commits,
  repositoryPage,
  restPull,
  restRepository,
  searchedPull,
  searchPage,
  timeline,
} from './answers.ts';
import { githubAuthorize } from './authorize.ts';
import { fetchInBatches } from './batches.ts';
import { commitEvents, timelineEvents } from './events.ts';
import { type GraphqlAnswer, graphql, graphqlFacts, partFailure } from './graphql.ts';
import { installationTokens } from './installation-tokens.ts';
import { repositoryOf, repositoryOfRest, summaryOf, summaryOfRest } from './map.ts';
import {
  COMMITS_QUERY,
  EVENTS_QUERY,
  type GraphqlQuery,
  REPOSITORIES_QUERY,
  SEARCH_QUERY,
} from './queries.ts';
import { UnknownFields } from './unknown-fields.ts';

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
  readonly #unknown = new UnknownFields();

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
      authorize: githubAuthorize({ host, apiUrl }),
      renew: credential => {
        if (credential.kind === 'app') installationTokens.renew(credential, { host, apiUrl });
      },
      bodyFacts: (answer, resource) =>
        resource === 'graphql' ? graphqlFacts(answer, host, clock.nowMs()) : {},
      notModifiedCost: 0,
      // Costs nothing, and takes every sort of token (docs.github.com, "Get rate limit status").
      tokenCheckPath: '/rate_limit',
    });
    super(settings, client, PAGE);
    this.#batchSize = batchSize;
    this.#graphqlPath = graphqlPathOf(settings);
  }

  async *listRepositories(owner: string, options: ForgeCallOptions = {}): AsyncGenerator<RepositoryPage> {
    if (!this.client.hasCredentials) return yield* this.#listPublicRepositories(owner, options);
    const part = `repositories of ${owner}`;
    const pages = this.#cursorPages({
      part,
      options: { ...options, owner },
      queryAt: after => ({ query: REPOSITORIES_QUERY, variables: { owner, after } }),
      connectionIn: ({ data }) => {
        const page = readAnswer(repositoryPage, data, this.host, part).repositoryOwner;
        if (page !== null) return page.repositories;
        throw new SluiceError('forge_missing', `${this.host} has no user or organization ${owner}`, {
          operation: 'list repositories',
          subject: owner,
        });
      },
    });
    for await (const { entries } of pages) {
      const repositories = entries.map(node =>
        repositoryOf(node, this.addressOf(node.url, node.nameWithOwner)),
      );
      yield { repositories };
    }
  }

  async *#listPublicRepositories(owner: string, options: ForgeCallOptions): AsyncGenerator<RepositoryPage> {
    const path = `/users/${encodeURIComponent(owner)}/repos`;
    const part = `repositories of ${owner}`;
    for await (const { entries } of this.readPages(path, { per_page: 100 }, restRepository, part, options)) {
      const repositories = entries.map(each =>
        repositoryOfRest(each, this.addressOf(each.html_url, each.full_name)),
      );
      yield { repositories };
    }
  }

  async *listChangesets(repository: string, options: ForgeListOptions = {}): AsyncGenerator<ChangesetPage> {
    const { state = 'open', updatedSinceMs = 0, etag, ...rest } = options;
    const path = `/repos/${encodedPath(repository)}/pulls`;
    const query = { state, sort: 'updated', direction: 'desc', per_page: 100 };
    const pages = this.readPages(path, query, restPull, `changesets of ${repository}`, {
      ...rest,
      etag,
      owner: ownerOf(repository),
    });
    for await (const { status, entries, headers, hostTimeMs } of pages) {
      if (status === 304) {
        yield { changesets: [], etag, notModified: true, truncated: false, asOfMs: hostTimeMs };
        return;
      }
      const all = entries.map(pull => {
        const at = pull.base?.repo?.full_name ?? repository;
        return summaryOfRest(pull, this.addressOf(pull.html_url, `${at}/pull/${pull.number}`), this.host, at);
      });
      const changesets = all.filter(each => isSince(each, updatedSinceMs));
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
    const part = 'changesets of a search';
    let truncated = false;
    const pages = this.#cursorPages({
      part,
      options: { ...options, owner: search.kind === 'owner' ? search.owner : undefined },
      queryAt: after => ({ query: SEARCH_QUERY, variables: { query, after } }),
      connectionIn: ({ data }) => {
        const { search: found } = readAnswer(searchPage, data, this.host, part);
        const nodes = Array.isArray(found.nodes) ? found.nodes.filter(isPull) : found.nodes;
        truncated ||= (found.issueCount ?? 0) > SEARCH_END;
        return { ...found, nodes: readEntries(searchedPull, nodes) };
      },
    });
    for await (const { entries, hostTimeMs } of pages) {
      const changesets = entries.flatMap(pull => {
        const at = pull.repository?.nameWithOwner;
        if (at === undefined) return [];
        return [summaryOf(pull, this.addressOf(pull.url, `${at}/pull/${pull.number}`), this.host, at)];
      });
      yield { changesets, etag: undefined, notModified: false, truncated, asOfMs: hostTimeMs };
    }
  }

  fetchChangesets(wanted: readonly WantedChangeset[], options: ForgeCallOptions = {}) {
    const context = {
      client: this.client,
      host: this.host,
      graphqlPath: this.#graphqlPath,
      unknown: this.#unknown,
      batchSize: this.#batchSize,
      addressOf: (given: string | undefined, path: string) => this.addressOf(given, path),
    };
    return fetchInBatches(context, wanted, options);
  }

  async *fetchEvents(
    ref: ChangesetRef,
    { sinceMs, onUnseen, ...options }: ForgeCallOptions & { readonly sinceMs?: number } = {},
  ): AsyncGenerator<readonly ChangesetEvent[]> {
    const parts = new PartReader(options.signal);
    const noting = { ...options, onUnseen: parts.note };
    yield* parts.pages('commits', () => this.#commits(ref, noting));
    const since = sinceMs === undefined ? undefined : isoTime(sinceMs - OVERLAP_MS);
    yield* parts.pages('timeline', () => this.#timeline(ref, since, noting));
    parts.end(onUnseen);
  }

  /** From the newest page back. */
  async *#commits(ref: ChangesetRef, options: ForgeCallOptions): AsyncGenerator<readonly ChangesetEvent[]> {
    const pages = this.#cursorPages({
      part: 'commits',
      options: { ...options, owner: ownerOf(ref.repository) },
      queryAt: before => ({ query: COMMITS_QUERY, variables: { ...namedBy(ref), before } }),
      connectionIn: answer => commits.parse(this.#partOf(ref, answer, 'recentCommits')),
      goesBack: true,
    });
    for await (const { entries } of pages) yield commitEvents(entries);
  }

  async *#timeline(
    ref: ChangesetRef,
    since: string | undefined,
    options: ForgeCallOptions,
  ): AsyncGenerator<readonly ChangesetEvent[]> {
    const pages = this.#cursorPages({
      part: 'timeline',
      options: { ...options, owner: ownerOf(ref.repository) },
      queryAt: after => ({ query: EVENTS_QUERY, variables: { ...namedBy(ref), since, after } }),
      connectionIn: answer => timeline.parse(this.#partOf(ref, answer, 'timelineItems')),
    });
    for await (const { entries } of pages) yield timelineEvents(entries);
  }

  /** A connection's pages by its cursors, within the bounds of a listing; entry by entry. */
  #cursorPages<T>(listing: CursorListing<T>) {
    const { part, options } = listing;
    return readPages(this.#connections(listing), {
      host: this.host,
      what: part,
      onUnseen: options.onUnseen,
      entriesIn: connection => (connection as CursorConnection<T> | undefined)?.nodes,
    });
  }

  async *#connections<T>({ part, options, queryAt, connectionIn, goesBack = false }: CursorListing<T>) {
    const bounds = this.client.bounds(part);
    let cursor: string | undefined;
    do {
      let error = bounds.before(cursor ?? '');
      if (error !== undefined) return options.onUnseen?.({ part, error });
      const answer = await graphql(this.client, queryAt(cursor), {
        ...options,
        path: this.#graphqlPath,
        unknown: this.#unknown,
      });
      const connection = connectionIn(answer);
      error = bounds.after(connection?.nodes?.entries);
      if (error !== undefined) return options.onUnseen?.({ part, error });
      yield { json: connection, hostTimeMs: answer.hostTimeMs };
      const { hasNextPage, endCursor, hasPreviousPage, startCursor } = connection?.pageInfo ?? {};
      // Without a cursor the next page is the first one again, which the bounds know.
      const [hasMore, next = ''] = goesBack ? [hasPreviousPage, startCursor] : [hasNextPage, endCursor];
      cursor = hasMore ? next : undefined;
    } while (cursor !== undefined);
  }

  /** @throws SluiceError what the host says where it does not show the changeset, or this part of it */
  #partOf(ref: ChangesetRef, { data, errors }: GraphqlAnswer, field: string): unknown {
    const repository = data.repository as { pullRequest?: Record<string, unknown> | null } | null | undefined;
    const pull = repository?.pullRequest;
    const value = pull?.[field];
    if (value !== undefined && value !== null) return value;
    const [error] = errors;
    if (error !== undefined) throw partFailure(error, this.host);
    if (pull) return value;
    const message = `no changeset ${ref.repository}#${ref.number}`;
    throw partFailure({ type: 'NOT_FOUND', message, path: undefined, locations: [] }, this.host);
  }
}

/** As much of a connection of GraphQL as its pages take. */
interface CursorConnection<T> {
  readonly pageInfo?: {
    readonly hasNextPage?: boolean;
    readonly endCursor?: string;
    readonly hasPreviousPage?: boolean;
    readonly startCursor?: string;
  };
  readonly nodes: Entries<T> | undefined;
}

interface CursorListing<T> {
  /** How it is named where it cannot be read to its end. */
  readonly part: string;
  readonly options: ForgeCallOptions & { readonly owner: string | undefined };
  readonly queryAt: (cursor: string | undefined) => GraphqlQuery;
  readonly connectionIn: (answer: GraphqlAnswer) => CursorConnection<T> | undefined;
  /** Whether its pages come from the last one to the first. */
  readonly goesBack?: boolean;
}

function namedBy({ repository, number }: ChangesetRef) {
  const [owner = '', name = ''] = repository.split('/');
  return { owner, name, number };
}

/** What a search finds besides pull requests is listed by its kind alone; null is what may not be seen. */
function isPull(node: unknown): boolean {
  if (node === null) return false;
  const kind = (node as { __typename?: unknown }).__typename;
  return typeof kind !== 'string' || kind === 'PullRequest';
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
