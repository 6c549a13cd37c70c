import { type Document, isMap, parseDocument } from 'yaml';
import type { z } from 'zod';
import { withoutCredentials } from '../base/text.ts';
import { writeBytes, writeDuration } from '../base/units.ts';
import { typedKey } from './fields.ts';
import type { LoadedConfig } from './load.ts';
import { isMapping } from './paths.ts';
import type { Config, ConfigSchema } from './schema.ts';
import { alternativeFor, mapTyped } from './walk.ts';

/** Stands where a secret is set. */
const MASK = '***';

/** A copy with every secret, and every password in a URL, replaced: fit to be shown and logged. */
export function maskConfig(config: Config, schema: ConfigSchema): Config {
  return mapTyped(schema, config, (value, shape) => {
    if (shape?.kind?.kind === 'secret' && value !== undefined) return MASK;
    return typeof value === 'string' ? withoutCredentials(value) : value;
  }) as Config;
}

/**
 * The configuration in force in the form of the file, secrets masked: names without units, durations and
 * sizes as text. A secret that came from a file is left out beside the file's name.
 */
export function toFileForm(config: Config, schema: ConfigSchema): Record<string, unknown> {
  return fileForm(schema, maskConfig(config, schema)) as Record<string, unknown>;
}

function fileForm(field: z.core.$ZodType, value: unknown): unknown {
  const shape = alternativeFor(field, value);
  if (shape.kind?.kind === 'duration') return writeDuration(Number(value));
  if (shape.kind?.kind === 'size') return writeBytes(Number(value));
  const { item } = shape;
  if (Array.isArray(value)) return item ? value.map(each => fileForm(item, each)) : value;
  if (!isMapping(value)) return value;
  if (item)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fileForm(item, each)]));
  const fromFiles = new Set(
    Object.entries(shape.keys).flatMap(([key, inner]) => {
      const kind = alternativeFor(inner, undefined).kind;
      return kind?.into !== undefined && value[key] !== undefined ? [kind.into] : [];
    }),
  );
  return Object.fromEntries(
    Object.entries(shape.keys)
      .map(([key, inner]) => [key, inner, value[typedKey(key, inner)]] as const)
      .filter(([key, , each]) => each !== undefined && !fromFiles.has(key))
      .map(([key, inner, each]) => [key, fileForm(inner, each)]),
  );
}

/**
 * What `sluice config show` prints: YAML that could be a sluice.yaml, with a note where a value came from elsewhere.
 */
export function showConfig(
  { config, sources }: Pick<LoadedConfig, 'config' | 'sources'>,
  schema: ConfigSchema,
): string {
  const document = parseDocument('{}');
  document.contents = document.createNode(toFileForm(config, schema)) as Document.Parsed['contents'];
  for (const [path, origin] of sources) {
    const keys = path.split('.');
    const node: unknown = document.getIn(keys, true);
    if (typeof node === 'object' && node !== null && !isMap(node))
      (node as { comment?: string }).comment = ` from ${origin}`;
  }
  return document.toString({ lineWidth: 0 });
}
