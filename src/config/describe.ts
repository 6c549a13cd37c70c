import { z } from 'zod';
import { examplesOf } from './json-schema.ts';
import type { ConfigSchema } from './schema.ts';
import { childOf, type Shape, shapeOf } from './walk.ts';

/** A setting as the reference page and the template describe it. */
export interface Setting {
  /** `server.port`; `hosts.<name>.token` and `repos[].url` below records and lists. */
  readonly path: string;
  readonly description: string;
  /** In words: `duration`, `whole number from 0 to 65535`, `one of …`, `mapping`. */
  readonly type: string;
  /** As it is written in the file; undefined where there is none. */
  readonly default: unknown;
  readonly example: unknown;
  /** What is below it, for sections, records, and lists of mappings. */
  readonly settings: readonly Setting[];
}

/** The part of JSON Schema that zod writes for the building blocks in fields.ts. */
interface JsonField {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonField>>;
  readonly additionalProperties?: JsonField | boolean;
  readonly items?: JsonField;
  readonly anyOf?: readonly JsonField[];
}

/** Every setting, in the order of the schema; the older place below `config:` is left to prose. */
export function describeSettings(schema: ConfigSchema): Setting[] {
  const json = z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as JsonField;
  return below(schema, json, '').filter(({ path }) => path !== 'config');
}

function below(field: z.core.$ZodType, json: JsonField, path: string): Setting[] {
  const shape = shapeOf(field);
  const prefix = path === '' ? '' : `${path}.`;
  if (shape.type === 'object') {
    return Object.entries(json.properties ?? {}).flatMap(([key, inner]) => {
      const child = childOf(shape, key);
      return child ? [describe(child, inner, prefix + key)] : [];
    });
  }
  if (shape.type === 'record' && shape.item && typeof json.additionalProperties === 'object') {
    return below(shape.item, json.additionalProperties, `${prefix}<name>`);
  }
  if (shape.type === 'array' && shape.item && json.items) {
    const { options, type } = shapeOf(shape.item);
    if (type === 'object') return below(shape.item, json.items, `${path}[]`);
    const index = options.findIndex(option => shapeOf(option).type === 'object');
    const [option, inner] = [options[index], json.items.anyOf?.[index]];
    return option && inner ? below(option, inner, `${path}[]`) : [];
  }
  return [];
}

function describe(field: z.core.$ZodType, json: JsonField, path: string): Setting {
  const settings = below(field, json, path);
  const isSection = shapeOf(field).type === 'object';
  return {
    path,
    description: json.description ?? '',
    type: typeInWords(shapeOf(field), json),
    default: isSection ? undefined : json.default,
    example: examplesOf(field)?.[0],
    settings,
  };
}

function typeInWords({ kind, type }: Shape, json: JsonField): string {
  if (kind?.kind === 'secretFile') return 'path';
  if (kind?.kind === 'secret') return 'text (secret)';
  if (kind) return kind.kind;
  if (json.enum) return `one of ${json.enum.join(', ')}`;
  if (json.type === 'integer') return `whole number from ${json.minimum} to ${json.maximum}`;
  if (json.type === 'number') return `number from ${json.minimum} to ${json.maximum}`;
  if (json.type === 'boolean') return 'true or false';
  if (type === 'array') return 'list';
  return type === 'object' || type === 'record' ? 'mapping' : 'text';
}
