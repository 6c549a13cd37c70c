import type { z } from 'zod';
import { type FieldKind, fieldKinds, typedKey } from './fields.ts';
import { isMapping, type SettingPath } from './paths.ts';

type Schema = z.core.$ZodType;

/** What a schema is beneath its defaults, options and transforms. */
export interface Shape {
  readonly type: z.core.$ZodTypeDef['type'];
  readonly kind: FieldKind | undefined;
  /** Of an object: its keys. */
  readonly keys: Readonly<Record<string, Schema>>;
  /** Of a record or list: what each entry is. */
  readonly item: Schema | undefined;
  /** Of a union: its alternatives. */
  readonly options: readonly Schema[];
}

/** Looks through defaults, options and transforms at what the file may hold. */
export function shapeOf(schema: Schema): Shape {
  let kind = fieldKinds.get(schema);
  let inner = schema as z.core.$ZodTypes;
  for (;;) {
    const { def } = inner._zod;
    if (def.type === 'pipe') inner = def.in as z.core.$ZodTypes;
    else if (def.type === 'optional' || def.type === 'prefault' || def.type === 'default') {
      inner = def.innerType as z.core.$ZodTypes;
    } else {
      return {
        type: def.type,
        kind,
        keys: def.type === 'object' ? def.shape : {},
        item: def.type === 'array' ? def.element : def.type === 'record' ? def.valueType : undefined,
        options: def.type === 'union' ? def.options : [],
      };
    }
    kind ??= fieldKinds.get(inner);
  }
}

/** Of a union, the alternative that a value of this form is meant for. */
export function alternativeFor(schema: Schema, value: unknown): Shape {
  const shape = shapeOf(schema);
  if (shape.type !== 'union' || shape.kind) return shape;
  const wanted = isMapping(value) ? 'mapping' : Array.isArray(value) ? 'list' : 'scalar';
  const shapes = shape.options.map(shapeOf);
  return shapes.find(each => formOf(each) === wanted) ?? shapes[0] ?? shape;
}

/** What form a value of this shape has in the file. */
export function formOf(shape: Shape): 'mapping' | 'list' | 'scalar' {
  if (shape.type === 'object' || shape.type === 'record') return 'mapping';
  return shape.type === 'array' ? 'list' : 'scalar';
}

/** Schema of one entry below `shape`, for a key or index in a value. */
export function childOf(shape: Shape, key: string | number): Schema | undefined {
  if (shape.item) return shape.item;
  return Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
}

/** What the schema says about a path of the file; undefined where it knows no such path. */
export function shapeAt(schema: Schema, path: SettingPath, tree: unknown): Shape | undefined {
  let shape: Shape | undefined = alternativeFor(schema, tree);
  let value = tree;
  for (const segment of path) {
    const child: Schema | undefined = shape && childOf(shape, segment);
    if (!child) return undefined;
    value = (value as Record<string | number, unknown> | undefined)?.[segment];
    shape = alternativeFor(child, value);
  }
  return shape;
}

/** Answers with what stands in a value's place; `undefined` takes the key out. */
export type Change = (value: unknown, shape: Shape | undefined, path: SettingPath) => unknown;

/**
 * A copy of a tree in the form of the file, every value changed by `change`: inner ones first. Below keys
 * that the schema does not know `shape` is undefined.
 */
export function mapTree(
  schema: Schema | undefined,
  tree: unknown,
  change: Change,
  path: SettingPath = [],
): unknown {
  const shape = schema && alternativeFor(schema, tree);
  const child = (key: string | number, value: unknown) =>
    mapTree(shape && childOf(shape, key), value, change, [...path, key]);
  let copy = tree;
  if (Array.isArray(tree)) copy = tree.map((value, index) => child(index, value));
  else if (isMapping(tree)) copy = mapEntries(tree, child);
  return change(copy, shape, path);
}

/** As `mapTree`, for a tree with the typed configuration's names; `undefined` results stay. */
export function mapTyped(schema: Schema, tree: unknown, change: Change, path: SettingPath = []): unknown {
  const shape = alternativeFor(schema, tree);
  let copy = tree;
  if (Array.isArray(tree) && shape.item) {
    const { item } = shape;
    copy = tree.map((value, index) => mapTyped(item, value, change, [...path, index]));
  } else if (isMapping(tree)) {
    const names = new Map(Object.entries(shape.keys).map(([key, field]) => [typedKey(key, field), field]));
    copy = mapEntries(tree, (key, value) => {
      const field = shape.item ?? names.get(key);
      return field ? mapTyped(field, value, change, [...path, key]) : value;
    });
  }
  return change(copy, shape, path);
}

function mapEntries(mapping: Record<string, unknown>, change: (key: string, value: unknown) => unknown) {
  const entries = Object.entries(mapping).map(([key, value]) => [key, change(key, value)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
