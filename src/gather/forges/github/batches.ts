import { asSluiceError, type ErrorCode, SluiceError } from '../../../base/errors.ts';
import type { ChangesetEvent } from '../changeset.ts';
import { byOrder } from '../events.ts';
import type { ChangesetResult, ForgeCallOptions, WantedChangeset } from '../forge.ts';
import type { ApiClient } from '../http/api-client.ts';
import { readAnswer, unknownForm } from '../http/read.ts';
import { OVERLAP_MS, otherChangeset, ownerOf } from '../http/rest-forge.ts';
import { PERHAPS_OF_ALL, SEVERAL } from '../per-item.ts';
import type { ChangesetPart, Unseen } from '../unseen.ts';
import { changeset, type GithubChangeset, type GraphqlError, statusCheckRollup } from './answers.ts';
import { checkEvents, commitEvents, timelineEvents } from './events.ts';
import { type GraphqlAnswer, graphql, partFailure, unknownField } from './graphql.ts';
import { changesetOf, checkStateOf } from './map.ts';
import { type BatchRepository, batchCost, batchQuery } from './queries.ts';
import type { UnknownFields } from './unknown-fields.ts';

export interface BatchContext {
  readonly client: ApiClient;
  readonly host: string;
  readonly graphqlPath: string;
  readonly unknown: UnknownFields;
  /** Most changesets that one call asks for. */
  readonly batchSize: number;
  /** An address below the host's pages. @param path where it is unless `given` lies there */
  readonly addressOf: (given: string | undefined, path: string) => string;
}

interface Group extends BatchRepository {
  readonly wanted: readonly WantedChangeset[];
}

/** What a credential fails with that may not look there at all. */
const SEES_NOTHING: ReadonlySet<ErrorCode> = new Set(['token_refused', 'scope_missing']);

type BatchOptions = ForgeCallOptions & { readonly owner: string | undefined };

/**
 * Asks for all of them, those of one owner after those of another where credentials are an owner's: what such a
 * credential fails over is a result of its owner's changesets alone.
 */
export async function* fetchInBatches(
  context: BatchContext,
  wanted: readonly WantedChangeset[],
  options: ForgeCallOptions,
): AsyncGenerator<ChangesetResult> {
  if (!context.client.hasOwnersCredentials) {
    yield* fetchOfOwner(context, wanted, { ...options, owner: undefined });
    return;
  }
  for (const [owner, some] of Map.groupBy(wanted, ({ ref }) => ownerOf(ref.repository).toLowerCase())) {
    const left = new Set(some);
    try {
      for await (const result of fetchOfOwner(context, some, { ...options, owner })) {
        left.delete(some.find(({ ref }) => ref === result.ref) as WantedChangeset);
        yield result;
      }
    } catch (error) {
      const isOfOwner =
        error instanceof SluiceError && (error.holds === 'profile' || error.code === 'scope_missing');
      if (!isOfOwner) throw error;
      for (const { ref } of left) yield { outcome: 'failed', ref, error };
    }
  }
}

/**
 * Asks for many changesets a call. Where the host fails over a batch, the rest goes in batches of a quarter, down to
 * single ones: which of them it fails over is a result of theirs, and with the next ones the batches grow again. Where
 * it fails over several single ones in a row, it is down and the error is thrown.
 */
async function* fetchOfOwner(
  context: BatchContext,
  wanted: readonly WantedChangeset[],
  options: BatchOptions,
): AsyncGenerator<ChangesetResult> {
  const waiting = [...wanted];
  let size = context.batchSize;
  // As large as batches may grow again: what was too much is not asked for twice.
  let most = context.batchSize;
  let failedSingles = 0;
  while (waiting.length > 0) {
    const batch = waiting.slice(0, size);
    let results: ChangesetResult[];
    try {
      results = await fetchBatch(context, batch, options);
      if (failedSingles > 0) most = context.batchSize;
      failedSingles = 0;
      size = Math.min(size * 4, most);
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      if (batch.length > 1) {
        size = Math.max(1, Math.floor(batch.length / 4));
        most = size;
        continue;
      }
      failedSingles += 1;
      if (failedSingles >= SEVERAL) throw error;
      results = batch.map(({ ref }) => ({ outcome: 'failed', ref, error }));
    }
    waiting.splice(0, batch.length);
    yield* results;
  }
}

/** Failures that fewer changesets in one call may avoid. */
function isTooMuch(error: unknown): error is SluiceError {
  if (!(error instanceof SluiceError) || error.code === 'token_wanted') return false;
  return PERHAPS_OF_ALL.has(error.code) && error.retryAfterMs === undefined;
}

/** What one credential does not see, another may: it is missing once none of them sees it. */
async function fetchBatch(
  context: BatchContext,
  batch: readonly WantedChangeset[],
  options: BatchOptions,
): Promise<ChangesetResult[]> {
  const settled: ChangesetResult[] = [];
  const blind: string[] = [];
  let missing: readonly Missing[] = [];
  for (let left = batch; ; left = left.filter(({ ref }) => missing.some(each => each.ref === ref))) {
    try {
      const { results, identity } = await askOnce(context, left, { ...options, blind });
      missing = missingOf(results, missing);
      settled.push(...results.filter(({ outcome }) => outcome !== 'missing'));
      if (identity !== undefined) blind.push(identity);
      if (identity === undefined) return [...settled, ...missing];
    } catch (error) {
      if (missing.length === 0 || !(error instanceof SluiceError) || error.code === 'cancelled') throw error;
      return [
        ...settled,
        ...(SEES_NOTHING.has(error.code) ? missing : missing.map(each => unasked(each, error))),
      ];
    }
    if (missing.length === 0 || !context.client.hasOthers(blind, options.owner))
      return [...settled, ...missing];
  }
}

type Missing = Extract<ChangesetResult, { readonly outcome: 'missing' }>;

/** What is missing still; a repository that any of the credentials was shown is there. */
function missingOf(results: readonly ChangesetResult[], before: readonly Missing[]): Missing[] {
  return results
    .filter(result => result.outcome === 'missing')
    .map(result => {
      const wasSeen = before.some(each => each.ref === result.ref && each.isRepositorySeen);
      return { ...result, isRepositorySeen: result.isRepositorySeen || wasSeen };
    });
}

/** The others could not be asked: nobody knows yet what they see. */
function unasked({ ref }: ChangesetResult, error: SluiceError): ChangesetResult {
  return { outcome: 'failed', ref, error };
}

async function askOnce(
  context: BatchContext,
  batch: readonly WantedChangeset[],
  options: BatchOptions & { readonly blind: readonly string[] },
): Promise<{ readonly results: ChangesetResult[]; readonly identity: string | undefined }> {
  const { client, graphqlPath, unknown } = context;
  const groups = groupByRepository(batch);
  const answer = await graphql(client, batchQuery(groups), {
    ...options,
    path: graphqlPath,
    unknown,
    cost: batchCost(batch.length),
  });
  const results = groups.flatMap((group, r) =>
    group.wanted.map((wanted, p) => resultOf(wanted, answer, `r${r}`, `p${p}`, context)),
  );
  return { results, identity: answer.identity };
}

function groupByRepository(batch: readonly WantedChangeset[]): Group[] {
  const byRepository = Map.groupBy(batch, ({ ref }) => ref.repository);
  return [...byRepository].map(([path, wanted]) => {
    const [owner = '', name = ''] = path.split('/');
    const changesets = wanted.map(({ ref, eventsSinceMs }) => ({
      number: ref.number,
      sinceMs: eventsSinceMs === undefined ? undefined : eventsSinceMs - OVERLAP_MS,
    }));
    return { owner, name, changesets, wanted };
  });
}

function resultOf(
  wanted: WantedChangeset,
  answer: GraphqlAnswer,
  repositoryAlias: string,
  alias: string,
  context: BatchContext,
): ChangesetResult {
  const { host } = context;
  const { ref } = wanted;
  const repository = asRecord(answer.data[repositoryAlias]);
  const pull = repository?.[alias];
  const errors = answer.errors.filter(error => concerns(error, [repositoryAlias, alias]));
  if (!repository || !pull) {
    const [error] = errors;
    const failure = error ? partFailure(error, host) : leftOut(ref.repository, ref.number, host);
    // What is not found within it says nothing of the changeset itself.
    const isOwn = (error?.path?.length ?? 0) <= 2;
    if (failure.code !== 'forge_missing' || !isOwn) return { outcome: 'failed', ref, error: failure };
    return { outcome: 'missing', ref, isRepositorySeen: repository !== undefined, error: failure };
  }
  try {
    const asked = `${ref.repository}#${ref.number}`;
    const read = readAnswer(changeset, pull, host, asked);
    if (read.number !== ref.number) throw otherChangeset(host, asked, read.number);
    const { nameWithOwner } = repository;
    const path = typeof nameWithOwner === 'string' && nameWithOwner !== '' ? nameWithOwner : ref.repository;
    const unseen = unseenParts(read, errors, answer.leftOut, host);
    return fetchedChangeset(context, wanted, read, path, unseen, answer.hostTimeMs);
  } catch (error) {
    const [within] = errors;
    return { outcome: 'failed', ref, error: within ? partFailure(within, host) : asSluiceError(error) };
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

/** GitHub names what it does not find; a gap without a word is half an answer, not a deletion. */
function leftOut(repository: string, number: number, host: string): SluiceError {
  const message = `${host} left ${repository}#${number} out of its answer`;
  return new SluiceError('forge_answer_invalid', message, { operation: 'call', subject: 'POST /graphql' });
}

/** Whether an error is of a part, of something around it, or of something within it. */
function concerns({ path = [] }: GraphqlError, part: readonly string[]): boolean {
  return part.every((key, i) => path[i] === undefined || path[i] === key);
}

/** By the field of a changeset that it is read from. */
const PARTS: Readonly<Record<string, ChangesetPart>> = {
  lastCommit: 'checks',
  recentCommits: 'commits',
  timelineItems: 'timeline',
  latestOpinionatedReviews: 'reviews',
  reviewDecision: 'reviews',
  reviewRequests: 'reviews',
  reviews: 'reviews',
  labels: 'labels',
};

/** By the fragment of a query that asks for a part's pages. */
const PARTS_OF_FRAGMENTS: Readonly<Record<string, ChangesetPart>> = {
  Events: 'timeline',
  Commits: 'commits',
};

/**
 * The parts that the host has named as not shown or not read, those of which it does not know a field, and those that
 * are not there at all.
 */
function unseenParts(
  read: GithubChangeset,
  errors: readonly GraphqlError[],
  leftOut: GraphqlAnswer['leftOut'],
  host: string,
): Unseen[] {
  const unseen = new Map<ChangesetPart, Unseen>();
  const note = (part: ChangesetPart, error: SluiceError): void => {
    if (!unseen.has(part)) unseen.set(part, { part, error });
  };
  for (const error of errors) {
    const part = PARTS[String(error.path?.[2])];
    if (part !== undefined) note(part, partFailure(error, host));
  }
  for (const names of leftOut) {
    const [part] = names.flatMap(name => PARTS[name] ?? PARTS_OF_FRAGMENTS[name] ?? []);
    if (part !== undefined) note(part, unknownField(host, names.at(-1) ?? part));
  }
  for (const field of ['recentCommits', 'timelineItems', 'lastCommit', 'latestOpinionatedReviews'] as const) {
    const part = PARTS[field];
    const nodes = read[field]?.nodes;
    if (part === undefined) continue;
    if (nodes === undefined) note(part, unknownForm(host, part, `${field}: is no list`));
    else if (nodes.bent > 0) note(part, unknownForm(host, part, `${field}: ${nodes.fault}`));
  }
  return [...unseen.values()];
}

function fetchedChangeset(
  { host, addressOf }: BatchContext,
  { ref, eventsSinceMs, headCommit }: WantedChangeset,
  read: GithubChangeset,
  repository: string,
  unseen: readonly Unseen[],
  asOfMs: number,
): ChangesetResult {
  const isSeen = (part: ChangesetPart): boolean => !unseen.some(each => each.part === part);
  const { recentCommits, timelineItems, lastCommit } = read;
  const last = lastCommit?.nodes?.entries.at(-1)?.commit;
  const rollup = statusCheckRollup.parse(last?.statusCheckRollup);
  const isChecked = last?.statusCheckRollup !== null && last?.statusCheckRollup !== undefined;
  const noneOrUnknown = isSeen('checks') && !isChecked ? 'none' : undefined;
  const checks = rollup?.state === undefined ? noneOrUnknown : checkStateOf(rollup.state);
  const url = addressOf(read.url, `${repository}/pull/${read.number}`);
  const knowsCommits =
    !recentCommits?.pageInfo?.hasPreviousPage ||
    (eventsSinceMs !== undefined &&
      headCommit !== undefined &&
      recentCommits.nodes?.entries.some(({ commit }) => commit.oid === headCommit));
  const events: ChangesetEvent[] = [
    ...commitEvents(recentCommits?.nodes?.entries ?? []),
    ...timelineEvents(timelineItems?.nodes?.entries ?? []),
    ...checkEvents(rollup?.contexts?.nodes?.entries ?? [], last?.oid),
  ].sort(byOrder);
  return {
    outcome: 'found',
    ref,
    changeset: changesetOf(read, url, host, repository, checks),
    events,
    eventsComplete: !timelineItems?.pageInfo?.hasNextPage && (knowsCommits ?? false),
    seen: [],
    unseen,
    asOfMs,
  };
}
