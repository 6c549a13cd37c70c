import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { isUri } from '../base/text.ts';
import { type Environment, substitute } from './environment.ts';
import { fieldKinds } from './fields.ts';
import { formatPath, isHostWithoutScheme, isMapping, type SettingPath } from './paths.ts';
import { formOf, mapTree, type Shape, shapeOf } from './walk.ts';

/**
 * What happens to the file's values before the schema judges them: `${NAME}` is put in, empty sections are
 * filled, paths become absolute, secret files are read.
 */

/** Tells a fault of one setting. */
export type Report = (path: SettingPath, message: string) => void;

export interface Prepared {
  readonly tree: unknown;
  /** Texts as the file has them, by path, where a variable was put in: what faults may quote. */
  readonly references: ReadonlyMap<string, string>;
}

export interface Surroundings {
  readonly env: Environment;
  /** What relative paths start from. */
  readonly base: string;
}

/** A token is a line; anything much longer is the wrong file. */
const MAX_SECRET_BYTES = 65_536;

/** Prepares the values of a file. */
export function prepare(
  schema: z.core.$ZodType,
  tree: unknown,
  around: Surroundings,
  report: Report,
): Prepared {
  const references = new Map<string, string>();
  const prepared = mapTree(schema, tree, (value, shape, path) => {
    if (value === null) return whenEmpty(shape);
    if (typeof value === 'string') {
      const { text, substituted, faults } = substitute(value, around.env);
      for (const fault of faults) report(path, fault);
      if (!substituted) return settle(text, shape, around);
      references.set(formatPath(path), value);
      return settle(fromText(text, shape), shape, around);
    }
    return isMapping(value) && shape ? withSecretFiles(value, shape, path, report) : value;
  });
  return { tree: prepared, references };
}

/** A section whose lines are all commented out has no value in YAML; a plain setting without one is a fault. */
function whenEmpty(shape: Shape | undefined): unknown {
  const form = shape && formOf(shape);
  return form === 'mapping' ? {} : form === 'list' ? [] : null;
}

/** A value from outside the file: text, for a setting that may want a number. */
export function prepareText(
  schema: z.core.$ZodType | undefined,
  value: string | number,
  around: Surroundings,
): unknown {
  const shape = schema && shapeOf(schema);
  return settle(typeof value === 'string' ? fromText(value, shape) : value, shape, around);
}

/** `~/x` from home, `x` from `base`; absolute ones as they are. */
export function resolvePath(path: string, { env, base }: Surroundings): string {
  if (path === '~' || path.startsWith('~/')) return join(env.HOME || homedir(), path.slice(1));
  return resolve(base, path);
}

/**
 * git's own rule: a colon before the first slash makes it a URL or scp-like. What the section refuses stays to be
 * quoted.
 */
function isPathAddress(text: string): boolean {
  return !/^[^/]*:/.test(text) && !/^[\s-]|\s$|\p{Cc}/u.test(text) && !isHostWithoutScheme(text);
}

function settle(value: unknown, shape: Shape | undefined, around: Surroundings): unknown {
  const kind = shape?.kind?.kind;
  if (typeof value !== 'string' || value.trim() === '') return value;
  const isPath =
    (kind === 'path' && !isUri(value)) ||
    kind === 'secretFile' ||
    (kind === 'address' && isPathAddress(value));
  return isPath ? resolvePath(value, around) : value;
}

/** Variables and options are text; numbers and switches are read from it, anything else is left to the schema. */
function fromText(text: string, shape: Shape | undefined): unknown {
  if (shape?.type === 'number' && /^\s*-?\d+(\.\d+)?\s*$/.test(text)) return Number(text);
  if (shape?.type === 'boolean' && /^(true|false)$/i.test(text.trim()))
    return text.trim().toLowerCase() === 'true';
  return text;
}

function withSecretFiles(
  mapping: Record<string, unknown>,
  shape: Shape,
  path: SettingPath,
  report: Report,
): Record<string, unknown> {
  const added: Record<string, string> = {};
  for (const [key, field] of Object.entries(shape.keys)) {
    const into = fieldKinds.get(field)?.into;
    const file = mapping[key];
    if (into === undefined || typeof file !== 'string' || file.trim() === '') continue;
    if (mapping[into] !== undefined) report([...path, key], `is given besides ${into}; keep one of the two`);
    else added[into] = readSecret(file, fault => report([...path, key], fault));
  }
  return { ...mapping, ...added };
}

/**
 * The file's text less blanks and line ends around it. After a report the answer only keeps further faults from
 * following.
 */
function readSecret(file: string, report: (fault: string) => void): string {
  try {
    const { size } = statFile(file);
    if (size > MAX_SECRET_BYTES) throw new Error(`larger than ${MAX_SECRET_BYTES} bytes`);
    const secret = readFileSync(file, 'utf8').trim();
    if (secret === '') throw new Error('empty');
    return secret;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    report(`names a file that cannot be used: ${readingFault(code) ?? message}`);
    return 'unread';
  }
}

/** Size and identity of a regular file; a pipe or device would block the reader, so it is refused. */
export function statFile(file: string): { readonly size: number } {
  const stat = statSync(file);
  if (!stat.isFile()) throw new Error(stat.isDirectory() ? 'it is a folder' : 'it is no regular file');
  return stat;
}

/** The common reasons why a file cannot be read, in words. */
export function readingFault(code: string | undefined): string | undefined {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'it does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it';
  return undefined;
}
