import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { type OperationName, PATHS, placeOf } from './paths.ts';

/** An error as RFC 9457 has it. */
const Problem = z
  .object({
    type: z.string(),
    title: z.string().describe('what the code means'),
    status: z.int(),
    detail: z.string().describe('what happened'),
    code: z.string().describe('from the error catalogue'),
    hint: z.string().describe('what to do about it'),
  })
  .meta({ id: 'Problem' });

const ABOUT =
  `Times are ISO 8601 in UTC and end in \`At\`; durations are whole milliseconds and end in \`Ms\`. Lists
come in pages: \`next\` of one is \`cursor\` of the next. Errors are problem details with a \`code\` of the error
catalogue. Answers may get more keys in time.`.replaceAll('\n', ' ');

/**
 * What may be asked of a station, as an OpenAPI 3.1 document made of the schemas that check it. Pure.
 * @param closed answers have no other keys than those described: for checks of what is really answered
 */
export function openApiDocument(
  version: string,
  { closed = false } = {},
): Record<string, unknown> & { openapi: string } {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const name of Object.keys(PATHS) as OperationName[]) {
    const { method, path } = placeOf(name);
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(name, OPERATIONS[name]) };
  }
  const document = createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'sluice',
        version,
        description: ABOUT,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [...new Set(Object.values<Operation>(OPERATIONS).map(({ about }) => about))].map(name => ({
        name,
      })),
      security: [{ token: [] }, { session: [] }],
      paths: paths as ZodOpenApiPathsObject,
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: '`server.token`, where it is set.' },
          session: { type: 'apiKey', in: 'cookie', name: 'sluice_session' },
        },
      },
    },
    {
      override: ({ jsonSchema, io }) => {
        if (io === 'output' && !closed) delete jsonSchema.additionalProperties;
        // Every whole number of JSON has these bounds.
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      },
    },
  );
  return { ...document };
}

function describeOperation(name: OperationName, operation: Operation): ZodOpenApiOperationObject {
  const {
    about,
    summary,
    description,
    path,
    query,
    body,
    status,
    answer,
    contentType,
    isOpen,
    isDeprecated,
    also = {},
  } = operation;
  const content = answer
    ? { 'application/json': { schema: answer } }
    : contentType && { [contentType]: { schema: z.string() } };
  return {
    operationId: name,
    tags: [about],
    summary,
    ...(description && { description }),
    ...(isOpen && { security: [] }),
    ...(isDeprecated && { deprecated: true }),
    ...((path || query) && { requestParams: { ...(path && { path }), ...(query && { query }) } }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      [`${status}`]: { description: 'Done.', ...(content && { content }) },
      ...Object.fromEntries(
        Object.entries(also).map(([other, schema]) => [
          other,
          { description: 'Otherwise.', content: { 'application/json': { schema } } },
        ]),
      ),
      default: {
        description: 'What went wrong.',
        content: { 'application/problem+json': { schema: Problem } },
      },
    },
  };
}
