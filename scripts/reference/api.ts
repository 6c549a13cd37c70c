import { openApiDocument } from '../../src/api/openapi.ts';
import { code, GENERATED, table } from './markdown.ts';

/** What of a JSON Schema is shown. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface DescribedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly parameters?: readonly {
    readonly name: string;
    readonly schema: Schema;
    readonly description?: string;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

interface Described {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

type Field = readonly [path: string, schema: Schema];

/** docs/reference/api.md, from the operations' schemas. */
export function apiReference(): string {
  const { info, tags, paths, components } = openApiDocument('') as unknown as Described;
  const { schemas } = components;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return `## ${name}\n\n${own.map(({ path, method, operation }) => operationText(method, path, operation, schemas)).join('\n\n')}`;
  });
  const shapes = Object.entries(schemas).map(
    ([name, schema]) => `### ${name}\n\n${fieldTable(fieldsOf(schema, '', schemas))}`,
  );
  return `${GENERATED}

# The API

${info.description} A running station describes it by itself: \`/api/openapi.json\` for programs (OpenAPI 3.1), \`/api.html\` for people. Names like \`listDeliveries\` are those of the typed client ([guide](../guide/api.md)).

${groups.join('\n\n')}

## Shapes

${shapes.join('\n\n')}
`;
}

function operationText(
  method: string,
  path: string,
  operation: DescribedOperation,
  schemas: Described['components']['schemas'],
): string {
  const {
    operationId,
    summary,
    description,
    deprecated,
    parameters = [],
    requestBody,
    responses,
  } = operation;
  const given = parameters.map(
    ({ name, schema, description: words }): Field => [
      name,
      { ...schema, description: words ?? schema.description ?? '' },
    ],
  );
  const body = requestBody?.content?.['application/json']?.schema;
  const [[status, response] = ['', {}]] = Object.entries<Content>(responses);
  const answer = response.content?.['application/json']?.schema;
  const answered =
    answer && (answer.$ref ? `Answers ${status} with ${typeOf(answer)}.` : `Answers ${status}:`);
  return [
    `### ${operationId}\n\n\`${method.toUpperCase()} ${path}\`: ${summary}${deprecated ? ' Deprecated.' : ''}`,
    description,
    given.length > 0 && `Parameters:\n\n${fieldTable(given)}`,
    body && `Body:\n\n${fieldTable(fieldsOf(body, '', schemas))}`,
    answered,
    answer && !answer.$ref && fieldTable(fieldsOf(answer, '', schemas)),
  ]
    .filter(text => typeof text === 'string')
    .join('\n\n');
}

function fieldTable(fields: readonly Field[]): string {
  if (fields.length === 0) return 'Anything.';
  return table(
    ['Name', 'Type', 'What it is'],
    fields.map(([path, schema]) => [code(path), typeOf(schema), wordsOf(schema)]),
  );
}

function wordsOf({ description = '', default: byDefault }: Schema): string {
  const unless = byDefault === undefined ? '' : `${code(JSON.stringify(byDefault))} unless given`;
  return [description, unless].filter(words => words !== '').join('; ');
}

/** What values there may be, in a few words. */
function typeOf(schema: Schema): string {
  const { $ref, type, items, format } = schema;
  const several = schema.anyOf ?? schema.oneOf;
  if ($ref !== undefined) {
    const name = $ref.split('/').at(-1) ?? '';
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.enum) return schema.enum.map(value => code(String(value))).join(', ');
  if (schema.const !== undefined) return code(String(schema.const));
  if (several) return [...new Set(several.map(typeOf))].join(' or ');
  if (type === 'array') return `list of ${typeOf(items ?? {})}`;
  return format ?? [type ?? 'anything'].flat().join(' or ');
}

/** Its fields, and those of what is in it without a name of its own. */
function fieldsOf(given: Schema, before: string, schemas: Described['components']['schemas']): Field[] {
  const name = given.$ref?.split('/').at(-1);
  if (name !== undefined && before !== '') return [];
  const schema = name === undefined ? given : (schemas[name] ?? {});
  const several = schema.anyOf ?? schema.oneOf;
  if (schema.type === 'array') return fieldsOf(schema.items ?? {}, `${before}[]`, schemas);
  if (several) return several.flatMap(each => fieldsOf(each, before, schemas));
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]): Field[] => {
    const path = before === '' ? key : `${before}.${key}`;
    return [[path, value], ...fieldsOf(value, path, schemas)];
  });
}
