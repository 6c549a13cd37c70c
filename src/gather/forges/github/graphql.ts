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
import type { KnownQuery, UnknownFields } from './unknown-fields.ts';

export interface GraphqlAnswer {
  readonly data: Readonly<Record<string, unknown>>;
  /** Errors that concern a part of the answer, which is null there. */
  readonly errors: readonly GraphqlError[];
  /** Fields that were not asked for, since the host does not know them: the names around each and its own. */
  readonly leftOut: KnownQuery['leftOut'];
  readonly hostTimeMs: number;
  /** Of the credential that it was given to. */
  readonly identity: string | undefined;
}

/** A query that the host refuses before it answers any of it. */
class QueryRefused extends SluiceError {
  readonly errors: readonly GraphqlError[];

  constructor({ code, message, operation, subject }: SluiceError, errors: readonly GraphqlError[]) {
    super(code, message, { operation, subject });
    this.errors = errors;
  }
}

/**
 * One GraphQL call, or another one for each time that a host shows fields that it does not know. Errors of a part are
 * for the caller; errors of the whole are thrown.
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
    readonly unknown: UnknownFields;
  },
): Promise<GraphqlAnswer> {
  const { unknown, ...call } = options;
  for (;;) {
    const known = await unknown.without(query);
    try {
      const body = { query: known.query, variables };
      const answer = await client.call({ ...call, method: 'POST', resource: 'graphql', body });
      const { data = {}, errors } = graphqlBody.parse(answer.json);
      const { hostTimeMs, identity } = answer;
      return { data, errors, leftOut: known.leftOut, hostTimeMs, identity };
    } catch (error) {
      if (!(error instanceof QueryRefused) || !(await unknown.learn(known.query, error.errors))) throw error;
    }
  }
}

/** The error for a part that was not asked for. */
export function unknownField(host: string, field: string): SluiceError {
  const message = `${host} does not know the field ${field}`;
  return new SluiceError('forge_refused', message, { operation: 'call', subject: 'POST /graphql' });
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
  const failure = partFailure(first, host);
  return failure.code === 'forge_refused' ? new QueryRefused(failure, errors) : failure;
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
