import type { Hono } from 'hono';
import { SluiceError } from '../base/errors.ts';
import { problemAnswer } from './problem.ts';

/**
 * Answers the methods that the routes so far do not take, with an `Allow` header (RFC 9110, 15.5.6): OPTIONS
 * with 204, the others with 405. Comes after every route.
 */
export function answerOtherMethods(app: Hono): void {
  const methodsOf = new Map<string, Set<string>>();
  for (const { method, path } of app.routes) {
    // Middleware stands among the routes as "ALL".
    if (method === 'ALL') continue;
    const methods = methodsOf.get(path) ?? new Set(['OPTIONS']);
    methods.add(method);
    if (method === 'GET') methods.add('HEAD');
    methodsOf.set(path, methods);
  }
  for (const [path, methods] of methodsOf) {
    const allow = [...methods].sort().join(', ');
    app.all(path, context => {
      context.header('Allow', allow);
      const { method } = context.req;
      if (method === 'OPTIONS') return context.body(null, 204);
      const message = `${context.req.path} takes ${allow}, not ${method}`;
      return problemAnswer(context, new SluiceError('method_not_allowed', message));
    });
  }
}
