import { SluiceError } from '../../../base/errors.ts';
import { oneLine } from '../../../base/text.ts';
import type { LimitScope } from '../../../engine/call-budgets/call-budget.ts';
import type { ForgeCallOptions } from '../forge.ts';
import type { ApiAnswer, BodyFacts } from '../http/api-call.ts';
import type { ApiClient } from '../http/api-client.ts';
import { limitInWords, rateLimited } from '../http/classify.ts';
import { timeMs } from '../http/read.ts';
import { type GraphqlError, graphqlBody, rateLimit } from './answers.ts';
import type { GraphqlQuery } from './queries.ts';

export interface GraphqlAnswer {
  readonly data: Readonly<Record<string, unknown>>;
  /** Errors that concern a part of the answer, which is null there. */
  readonly errors: readonly GraphqlError[];
  readonly hostTimeMs: number;
  /** Of the credential that it was given to. */
  readonly identity: string | undefined;
}

/**
 * One GraphQL call. Errors of a part are for the caller; errors of the whole are thrown.
 * @throws SluiceError as `Forge` promises
 */
export async function graphql(
  client: ApiClient,
  { query, variables }: GraphqlQuery,
  options: ForgeCallOptions & {
    readonly path: string;
    readonly cost?: number;
    readonly owner?: string | undefined;
    readonly blind?: readonly string[];
  },
): Promise<GraphqlAnswer> {
  const answer = await client.call({
    ...options,
    method: 'POST',
    resource: 'graphql',
    body: { query, variables },
  });
  const body = graphqlBody.parse(answer.json);
  const { hostTimeMs, identity } = answer;
  return { data: body.data ?? {}, errors: body.errors, hostTimeMs, identity };
}

/** Limits and failure that a GraphQL answer with status 200 carries in its body. */
export function graphqlFacts(answer: ApiAnswer, host: string, nowMs: number): BodyFacts {
  const read = graphqlBody.safeParse(answer.json);
  if (!read.success) {
    const message = `${host} answered a GraphQL query with something else`;
    return { error: new SluiceError('forge_answer_invalid', message, { operation: 'call' }) };
  }
  const body = read.data;
  const rate = rateLimit.safeParse(body.data ?? {}).data?.rateLimit;
  const skewMs = answer.hostTimeMs - answer.atMs;
  const resetMs = timeMs(rate?.resetAt);
  // What is undefined here would displace what the headers say.
  const facts: BodyFacts = {
    ...(rate && { cost: rate.cost, limit: rate.limit, remaining: rate.remaining }),
    ...(resetMs !== undefined && { resetAtMs: resetMs - skewMs }),
  };
  const error = wholeFailure(body.data, body.errors, answer, host, nowMs);
  return error === undefined ? facts : { ...facts, error, limitReached: limitIn(body.errors) };
}

/** Whose limit an answer says to be reached. */
function limitIn(errors: readonly GraphqlError[]): LimitScope | undefined {
  const limited = errors.find(error => error.type === 'RATE_LIMITED' || error.type === 'RATE_LIMIT');
  if (limited === undefined) return undefined;
  return limitInWords(limited.message) ?? 'credential';
}

function wholeFailure(
  data: Readonly<Record<string, unknown>> | undefined,
  errors: readonly GraphqlError[],
  answer: ApiAnswer,
  host: string,
  nowMs: number,
): SluiceError | undefined {
  const limit = limitIn(errors);
  if (limit !== undefined) {
    const { rate, credential } = answer;
    return rateLimited({ host, subject: 'POST /graphql', credential, rate, nowMs }, limit);
  }
  if (data) return undefined;
  const first = errors[0];
  if (first === undefined) {
    return new SluiceError(
      'forge_answer_invalid',
      `${host} answered a GraphQL query with neither data nor errors`,
    );
  }
  return partFailure(first, host);
}

/** What one error of a GraphQL answer means for the part that it concerns. */
export function partFailure(error: GraphqlError, host: string): SluiceError {
  const message = oneLine(error.message);
  const details = { operation: 'call', subject: 'POST /graphql' };
  switch (error.type) {
    case 'NOT_FOUND':
      return new SluiceError('forge_missing', `${host}: ${message}`, details);
    case 'FORBIDDEN':
    case 'INSUFFICIENT_SCOPES':
      return new SluiceError('scope_missing', `${host}: ${message}`, details);
    case 'MAX_NODE_LIMIT_EXCEEDED':
    case 'RESOURCE_LIMITS_EXCEEDED':
    case 'SERVICE_UNAVAILABLE':
    case 'INTERNAL':
      return new SluiceError('host_failing', `${host}: ${message}`, details);
    default:
      // "Something went wrong while executing your query. This may be the result of a timeout, …"
      return /something went wrong|timeout|timed? out/i.test(message)
        ? new SluiceError('host_failing', `${host}: ${message}`, details)
        : new SluiceError('forge_refused', `${host} refuses a query: ${message}`, details);
  }
}
