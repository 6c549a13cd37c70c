import { SluiceError } from '../../../base/errors.ts';
import type { Changeset, ChangesetEvent } from '../changeset.ts';
import { byOrder } from '../events.ts';
import type { ChangesetResult, ForgeCallOptions, WantedChangeset } from '../forge.ts';
import type { ApiClient } from '../http/api-client.ts';
import { readAnswer } from '../http/read.ts';
import { OVERLAP_MS } from '../http/rest-forge.ts';
import { changeset, type GithubChangeset, type GraphqlError } from './answers.ts';
import { checkEvents, commitEvents, timelineEvents } from './events.ts';
import { type GraphqlAnswer, graphql, partFailure } from './graphql.ts';
import { changesetOf } from './map.ts';
import { type BatchRepository, batchCost, batchQuery } from './queries.ts';

export interface BatchContext {
  readonly client: ApiClient;
  readonly host: string;
  readonly graphqlPath: string;
  /** Most changesets that one call asks for. */
  readonly batchSize: number;
}

interface Group extends BatchRepository {
  readonly wanted: readonly WantedChangeset[];
}

/**
 * Asks for many changesets a call. Where the host fails over a batch, the rest goes in batches of a quarter;
 * where it fails over single ones in a row, it is down and the error is thrown.
 */
export async function* fetchInBatches(
  context: BatchContext,
  wanted: readonly WantedChangeset[],
  options: ForgeCallOptions,
): AsyncGenerator<ChangesetResult> {
  const waiting = [...wanted];
  let size = context.batchSize;
  let failedSingles = 0;
  while (waiting.length > 0) {
    const batch = waiting.slice(0, size);
    let results: ChangesetResult[];
    try {
      results = await fetchBatch(context, batch, options);
      failedSingles = 0;
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      if (batch.length > 1) {
        size = Math.max(1, Math.floor(batch.length / 4));
        continue;
      }
      failedSingles += 1;
      if (failedSingles > 1 || waiting.length === 1) throw error;
      results = batch.map(({ ref }) => ({ outcome: 'failed', ref, error }));
    }
    waiting.splice(0, batch.length);
    yield* results;
  }
}

/** Failures that fewer changesets in one call may avoid. */
function isTooMuch(error: unknown): error is SluiceError {
  const { code, retryAfterMs } = error as Partial<SluiceError>;
  return (code === 'host_failing' || code === 'timed_out') && retryAfterMs === undefined;
}

async function fetchBatch(
  { client, host, graphqlPath }: BatchContext,
  batch: readonly WantedChangeset[],
  options: ForgeCallOptions,
): Promise<ChangesetResult[]> {
  const groups = groupByRepository(batch);
  const answer = await graphql(client, batchQuery(groups), {
    ...options,
    path: graphqlPath,
    cost: batchCost(batch.length),
  });
  return groups.flatMap((group, r) =>
    group.wanted.map((wanted, p) => resultOf(wanted, answer, `r${r}`, `p${p}`, host)),
  );
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
  host: string,
): ChangesetResult {
  const { ref } = wanted;
  const repository = answer.data[repositoryAlias] as Record<string, unknown> | null | undefined;
  const pull = repository?.[alias];
  if (!repository || !pull) {
    const error = errorAt(answer.errors, [repositoryAlias, alias]);
    const failure = error ? partFailure(error, host) : leftOut(ref.repository, ref.number, host);
    return { outcome: failure.code === 'forge_missing' ? 'missing' : 'failed', ref, error: failure };
  }
  try {
    const read = readAnswer(changeset, pull, host, `${ref.repository}#${ref.number}`);
    return fetchedChangeset(wanted, read, String(repository.nameWithOwner), host, answer.hostTimeMs);
  } catch (error) {
    const within = errorAt(answer.errors, [repositoryAlias, alias]);
    return { outcome: 'failed', ref, error: within ? partFailure(within, host) : (error as SluiceError) };
  }
}

/** GitHub names what it does not find; a gap without a word is half an answer, not a deletion. */
function leftOut(repository: string, number: number, host: string): SluiceError {
  const message = `${host} left ${repository}#${number} out of its answer`;
  return new SluiceError('forge_answer_invalid', message, { operation: 'call', subject: 'POST /graphql' });
}

/** The error of a part, or of something within it. */
function errorAt(errors: readonly GraphqlError[], path: readonly string[]): GraphqlError | undefined {
  return errors.find(error => path.every((key, i) => error.path?.[i] === undefined || error.path[i] === key));
}

function fetchedChangeset(
  { ref, eventsSinceMs, headCommit }: WantedChangeset,
  read: GithubChangeset,
  repository: string,
  host: string,
  asOfMs: number,
): ChangesetResult {
  const mapped: Changeset = changesetOf(read, host, repository);
  const { recentCommits, timelineItems } = read;
  const knowsCommits =
    !recentCommits.pageInfo.hasPreviousPage ||
    (eventsSinceMs !== undefined &&
      headCommit !== undefined &&
      recentCommits.nodes.some(node => node?.commit.oid === headCommit));
  const events: ChangesetEvent[] = [
    ...commitEvents(recentCommits),
    ...timelineEvents(timelineItems),
    ...checkEvents(read),
  ].sort(byOrder);
  return {
    outcome: 'found',
    ref,
    changeset: mapped,
    events,
    eventsComplete: !timelineItems.pageInfo.hasNextPage && knowsCommits,
    asOfMs,
  };
}
