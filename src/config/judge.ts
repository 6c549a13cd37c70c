import type { z } from 'zod';
import { nearest, withoutCredentials } from '../base/text.ts';
import { formatPath, isMapping, type SettingPath, valueAt } from './paths.ts';
import { formOf, shapeAt, shapeOf } from './walk.ts';

/** A fault with its path still in parts, so that its place in the file can be looked up. */
export interface Finding {
  readonly path: SettingPath;
  readonly message: string;
}

const MAX_QUOTED_CHARS = 60;

/**
 * Puts the schema's issues into words: the faulty value (never a secret's), what would be right, and for
 * unknown keys what was probably meant.
 * @param references texts of the file that held `${NAME}`, by path; quoted instead of what was put in
 */
export function explain(
  schema: z.core.$ZodType,
  issues: readonly z.core.$ZodIssue[],
  tree: unknown,
  references: ReadonlyMap<string, string>,
): Finding[] {
  return issues.flatMap(issue => explainOne(schema, issue, [], tree, references));
}

function explainOne(
  schema: z.core.$ZodType,
  issue: z.core.$ZodIssue,
  above: SettingPath,
  tree: unknown,
  references: ReadonlyMap<string, string>,
): Finding[] {
  const path = [...above, ...(issue.path as (string | number)[])];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({ path: [...path, key], message: unknownKey(schema, path, key, tree) }));
  }
  // A duration is a union inside but has one text for all that it cannot be; only true alternatives are kept apart.
  if (issue.code === 'invalid_union' && shapeAt(schema, path, tree)?.type !== 'union') {
    const meant = issue.errors[alternativeIndex(schema, path, tree)] ?? issue.errors[0] ?? [];
    return meant.flatMap(inner => explainOne(schema, inner, path, tree, references));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  }
  const quoted = quote(schema, path, tree, references);
  if (issue.code === 'invalid_type' && valueAt(tree, path) === undefined) {
    return [{ path, message: `is missing; it ${issue.message}` }];
  }
  return [{ path, message: quoted ? `${quoted} ${issue.message}` : issue.message }];
}

/** Which alternative of a union the faulty value was meant for, by its form. */
function alternativeIndex(schema: z.core.$ZodType, path: SettingPath, tree: unknown): number {
  const wanted = isMapping(valueAt(tree, path)) ? 'mapping' : 'scalar';
  const parent = shapeAt(schema, path.slice(0, -1), tree);
  const union = parent?.item ? shapeOf(parent.item) : undefined;
  return Math.max(0, union?.options.findIndex(option => formOf(shapeOf(option)) === wanted) ?? 0);
}

function unknownKey(schema: z.core.$ZodType, path: SettingPath, key: string, tree: unknown): string {
  const siblings = Object.keys(shapeAt(schema, path, tree)?.keys ?? {});
  const near = nearest(key, siblings) ?? elsewhere(schema, key);
  if (near !== undefined) return `is not a known setting; did you mean ${near}?`;
  return `is not a known setting; known here: ${siblings.filter(name => name !== 'config').join(', ')}`;
}

/** The full name of a setting that a section has under exactly this key. */
function elsewhere(schema: z.core.$ZodType, key: string): string | undefined {
  for (const [section, field] of Object.entries(shapeOf(schema).keys)) {
    if (section !== 'config' && Object.hasOwn(shapeOf(field).keys, key)) return formatPath([section, key]);
  }
  return undefined;
}

/**
 * The value as it stands, shortened. Only of settings that hold a plain value and no secret: where a mapping
 * is wanted, a text in its place may well be a token.
 */
function quote(
  schema: z.core.$ZodType,
  path: SettingPath,
  tree: unknown,
  references: ReadonlyMap<string, string>,
): string | undefined {
  const shape = shapeAt(schema, path, tree);
  const value = valueAt(tree, path);
  if (value === undefined || !shape || shape.kind?.kind === 'secret') return undefined;
  if (value === null) return 'has no value; it';
  if (typeof value === 'object' || formOf(shape) !== 'scalar') return undefined;
  const text = references.get(formatPath(path)) ?? value;
  if (typeof text !== 'string') return String(text);
  const plain = withoutCredentials(text);
  return JSON.stringify(plain.length > MAX_QUOTED_CHARS ? `${plain.slice(0, MAX_QUOTED_CHARS)}…` : plain);
}
