import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { type Operation, Problem } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { type OperationName, PATHS, placeOf } from './paths.ts';

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
    problem = Problem,
  } = operation;
  const content = answer
    ? { 'application/json': { schema: answer } }
    : contentType && { [contentType]: { schema: z.string() } };
  return {
    operationId: name,
    tags: [about],
    summary,
    description,
    security: isOpen ? [] : undefined,
    deprecated: isDeprecated,
    requestParams: Object.fromEntries(Object.entries({ path, query }).filter(([, schema]) => schema)),
    requestBody: body && { required: true, content: { 'application/json': { schema: body } } },
    responses: {
      [`${status}`]: { description: 'Done.', content },
      ...Object.fromEntries(
        Object.entries(also).map(([other, schema]) => [
          other,
          { description: 'Otherwise.', content: { 'application/json': { schema } } },
        ]),
      ),
      default: {
        description: 'What went wrong.',
        content: { 'application/problem+json': { schema: problem } },
      },
    },
  };
}
