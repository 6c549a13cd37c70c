import type { Context } from 'hono';
import { asSluiceError, CATALOGUE, type ErrorCode, SluiceError } from '../base/errors.ts';

/** An error as RFC 9457 problem details. `code` is sluice's own, from the error catalogue. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  /** What to do about it. */
  readonly hint: string;
}

/** Internal errors say nothing of themselves to a caller: the log has them. */
export function toProblem(error: unknown): Problem {
  const known = asSluiceError(error);
  const hidden = known.code === 'internal';
  return {
    type: `https://sluice.invalid/errors#${known.code}`,
    title: CATALOGUE[known.code].meaning,
    status: known.status,
    detail: hidden ? 'see the log of the station' : known.message,
    code: known.code,
    hint: known.hint,
  };
}

/** Answers with the problem of an error, plus whatever else belongs to it (a run's address). */
export function problemAnswer(
  context: Context,
  error: unknown,
  extra: Record<string, unknown> = {},
): Response {
  const problem = toProblem(error);
  if (error instanceof SluiceError && error.retryAfterMs !== undefined) {
    context.header('Retry-After', String(Math.ceil(error.retryAfterMs / 1000)));
  }
  if (problem.code === 'unauthorized') context.header('WWW-Authenticate', 'Bearer');
  context.header('Content-Type', 'application/problem+json');
  return context.body(JSON.stringify({ ...problem, ...extra }), problem.status as 400);
}
