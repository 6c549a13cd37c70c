// What of an OpenAPI document the page about the API shows, and how its schemas read in a few words. Pure.

/** A schema, as JSON Schema has it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

export interface DescribedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly deprecated?: boolean;
  readonly parameters?: readonly {
    readonly name: string;
    readonly schema: Schema;
    readonly description?: string;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

export interface Description {
  readonly info: { readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Schemas };
}

export type Schemas = Readonly<Record<string, Schema>>;

/** A field by its path, as `deliveries[].id`. */
export type Field = readonly [path: string, schema: Schema];

/** The schema that is meant, and its name where it has one. */
export function resolved(
  given: Schema,
  schemas: Schemas,
): { readonly schema: Schema; readonly name?: string } {
  const name = given.$ref?.split('/').at(-1);
  return name === undefined ? { schema: given } : { schema: schemas[name] ?? {}, name };
}

/** What values there may be. */
export function typeOf(given: Schema, schemas: Schemas): string {
  const { schema, name } = resolved(given, schemas);
  if (name !== undefined) return name;
  const { type, items, format } = schema;
  const either = schema.anyOf ?? schema.oneOf;
  if (schema.enum) return schema.enum.map(each => JSON.stringify(each)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (either) return either.map(each => typeOf(each, schemas)).join(' | ');
  if (type === 'array') return `${typeOf(items ?? {}, schemas)}[]`;
  return format ?? [type ?? 'anything'].flat().join(' | ');
}

/** Its fields, and those of what is in it without a name of its own. */
export function fieldsOf(given: Schema, schemas: Schemas, before = ''): readonly Field[] {
  const { schema, name } = resolved(given, schemas);
  if (name !== undefined && before !== '') return [];
  const either = schema.anyOf ?? schema.oneOf;
  if (schema.type === 'array') return fieldsOf(schema.items ?? {}, schemas, `${before}[]`);
  if (either) return either.flatMap(each => fieldsOf(each, schemas, before));
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]): readonly Field[] => {
    const path = before === '' ? key : `${before}.${key}`;
    return [[path, value], ...fieldsOf(value, schemas, path)];
  });
}
