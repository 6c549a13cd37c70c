import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { Operation } from '../api/operation.ts';
import { type Answer, type Asked, OPERATIONS } from '../api/operations.ts';
import { type OperationName, placeOf } from '../api/paths.ts';
import { SluiceError } from '../base/errors.ts';
import { faultsInWords, readJson } from './body.ts';
import type { BodyBudget } from './body-budget.ts';
import { faultWords, nothingAt } from './fault-words.ts';

/** What answers an operation: with what is to be sent as JSON under the operation's status, or with a whole response. */
export type Answering<Name extends OperationName> = (
  asked: Asked<Name>,
  context: Context,
) => Answer<Name> | Response | Promise<Answer<Name> | Response>;

/** How routes of the API are entered: `operation('getRun', ({ path }) => …)`. */
export type EnterOperation = <Name extends OperationName>(name: Name, answering: Answering<Name>) => void;

/**
 * Enters operations into the app: each takes what its schemas let through, and nothing else reaches `answering`.
 * Faults are answered with `usage` (query), `body_invalid` (body) or `not_found` (path).
 */
export function operationRoutes(app: Hono, bodies: BodyBudget): EnterOperation {
  return (name, answering) => {
    const operation: Operation = OPERATIONS[name];
    const { method, path } = placeOf(name);
    app.on(method, path.replace('{id}', ':id{[0-9]+}'), async context => {
      const asked = {
        path: operation.path && readPath(context, operation.path),
        query: operation.query && readQuery(context, operation.query),
        body: operation.body && (await readJson(context, operation.body, bodies, operation.maxBodyBytes)),
      };
      // Which schemas there are is known by the name alone.
      const answer = await answering(asked as Asked<typeof name>, context);
      if (answer instanceof Response) return answer;
      if (answer === undefined) return context.body(null, 204);
      return context.json(answer, operation.status as 200);
    });
  };
}

function readPath(context: Context, schema: z.ZodObject): unknown {
  const result = schema.safeParse(context.req.param());
  if (result.success) return result.data;
  throw nothingAt(context.req.path);
}

function readQuery(context: Context, schema: z.ZodObject): unknown {
  const several = Object.keys(schema.shape).filter(key => isList(schema.shape[key]));
  const lists = several.flatMap(key => {
    const values = context.req.queries(key);
    return values === undefined ? [] : [[key, values] as const];
  });
  const given = { ...context.req.query(), ...Object.fromEntries(lists) };
  const result = schema.safeParse(given, { error: faultWords(schema) });
  if (result.success) return result.data;
  throw new SluiceError('usage', faultsInWords(result.error, 'query'), {
    hint: 'See /api.html for what it takes; programs read /api/openapi.json.',
  });
}

/** Whether a parameter may be given several times. */
function isList(schema: z.core.$ZodType | undefined): boolean {
  return (schema instanceof z.ZodOptional ? schema.unwrap() : schema) instanceof z.ZodArray;
}
