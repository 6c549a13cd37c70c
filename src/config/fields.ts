import { z } from 'zod';
import { isUri } from '../base/text.ts';
import { parseBytes, parseDurationMs } from '../base/units.ts';

// A configuration is validated once a process: compiling the validators takes longer than that one use.
z.config({ jitless: true });

/**
 * The building blocks of sections. Each makes one zod schema that carries its default, description and fault
 * text; validation, JSON Schema, reference page and template all come from it.
 *
 * A duration named `idleTimeout` in the file is `idleTimeoutMs` in the typed configuration, a size `maxSize`
 * is `maxSizeBytes`: `section` renames them by their kind, values and types alike.
 */

/**
 * What a field holds beyond its JSON type; paths (of addresses those that are paths) are made absolute, secrets masked,
 * secret files read.
 */
export interface FieldKind {
  readonly kind: 'duration' | 'size' | 'path' | 'address' | 'secret' | 'secretFile';
  /** Of a `secretFile`: the key beside it that its content becomes. */
  readonly into?: string;
}

/** Kinds by schema instance; always registered on the outermost wrapper of a field. */
export const fieldKinds = z.registry<FieldKind>();

// The units are there for the types alone: no number has such a property.
type Milliseconds = number & { readonly unit: 'Ms' };
type Bytes = number & { readonly unit: 'Bytes' };

/** Typed form of a section: keys of durations and sizes end in their unit. */
export type WithUnits<T> = {
  [K in keyof T as K extends string
    ? Exclude<T[K], undefined> extends Milliseconds
      ? `${K}Ms`
      : Exclude<T[K], undefined> extends Bytes
        ? `${K}Bytes`
        : K
    : K]: Exclude<T[K], undefined> extends Milliseconds | Bytes
    ? number | (undefined extends T[K] ? undefined : never)
    : T[K];
};

/** Suffix of the typed name, by kind. */
const UNIT_SUFFIX: Partial<Record<FieldKind['kind'], string>> = { duration: 'Ms', size: 'Bytes' };

/** The key of a field in the typed configuration: `idleTimeout` → `idleTimeoutMs`. */
export function typedKey(key: string, field: z.core.$ZodType): string {
  return key + (UNIT_SUFFIX[fieldKinds.get(field)?.kind ?? 'path'] ?? '');
}

interface Described {
  readonly description: string;
  /** Shown in the template and the reference where there is no default to show. */
  readonly example?: unknown;
}

function describeField<S extends z.ZodType>(
  schema: S,
  { description, example }: Described,
  kind?: FieldKind,
): S {
  const described = schema.meta(
    example === undefined ? { description } : { description, examples: [example] },
  );
  if (kind) fieldKinds.add(described, kind);
  return described;
}

interface Bounds {
  readonly min?: string;
  readonly max?: string;
}

function quantity<T extends number>(
  parse: (text: string) => number | undefined,
  { min, max }: Bounds,
  words: { readonly what: string; readonly example: string },
) {
  const error = `is not a ${words.what}; write it like ${words.example}`;
  return z.union([z.string(), z.literal(0)], { error }).transform((text, context): T => {
    const value = parse(String(text));
    const fault =
      value === undefined
        ? error
        : min !== undefined && value < (parse(min) ?? 0)
          ? `is too small; at least ${min}`
          : max !== undefined && value > (parse(max) ?? Number.POSITIVE_INFINITY)
            ? `is too large; at most ${max}`
            : undefined;
    if (fault !== undefined) context.issues.push({ code: 'custom', message: fault, input: text });
    return value as T;
  });
}

const aDuration = (bounds: Bounds) =>
  quantity<Milliseconds>(parseDurationMs, bounds, { what: 'duration', example: '6s, 2m or 8h' });
const aSize = (bounds: Bounds) =>
  quantity<Bytes>(parseBytes, bounds, { what: 'size', example: '256KiB or 5GiB' });

/** `6s`, `2m`, `8h`; milliseconds in the typed configuration. */
export function duration(options: Described & Bounds & { readonly default: string }) {
  return describeField(aDuration(options).prefault(options.default), options, { kind: 'duration' });
}

/** A duration that may be left out. */
export function optionalDuration(options: Described & Bounds) {
  return describeField(aDuration(options).optional(), options, { kind: 'duration' });
}

/** `256KiB`, `5GB`; bytes in the typed configuration. */
export function size(options: Described & Bounds & { readonly default: string }) {
  return describeField(aSize(options).prefault(options.default), options, { kind: 'size' });
}

/** A size that may be left out. */
export function optionalSize(options: Described & Bounds) {
  return describeField(aSize(options).optional(), options, { kind: 'size' });
}

interface Range {
  readonly min: number;
  readonly max: number;
}

function whole({ min, max }: Range) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** A whole number within bounds. */
export function count(options: Described & Range & { readonly default: number }) {
  return describeField(whole(options).prefault(options.default), options);
}

/** A whole number that may be left out. */
export function optionalCount(options: Described & Range) {
  return describeField(whole(options).optional(), options);
}

/** A share of a whole: a number from 0 to 1. */
export function share(options: Described & { readonly default: number }) {
  const error = 'must be a number from 0 to 1';
  return describeField(
    z.number({ error }).min(0, { error }).max(1, { error }).prefault(options.default),
    options,
  );
}

/** `true` or `false`. */
export function flag(options: Described & { readonly default: boolean }) {
  return describeField(z.boolean({ error: 'must be true or false' }).prefault(options.default), options);
}

/** `true` or `false`, or left out. */
export function optionalFlag(options: Described) {
  return describeField(z.boolean({ error: 'must be true or false' }).optional(), options);
}

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]]>(
  words: W,
  options: Described & { readonly default: W[number] },
) {
  return describeField(
    z.enum(words, { error: `must be one of ${words.join(', ')}` }).prefault(options.default),
    options,
  );
}

/** One of a few words, that may be left out. */
export function optionalChoice<const W extends readonly string[]>(words: W, options: Described) {
  return describeField(z.enum(words, { error: `must be one of ${words.join(', ')}` }).optional(), options);
}

/** What keeps a text from being a line: not empty, no control characters, no blanks at its ends. */
function lineFault(value: string): string | undefined {
  if (value.trim() === '') return 'is empty';
  if (/\p{Cc}/u.test(value)) return 'holds a control character or line break';
  return value.trim() === value ? undefined : 'begins or ends with a blank';
}

/**
 * A line of text. The first fault is reported, and in a way that lets the rules of its section run on.
 * @param check a further rule: answers with what is wrong
 */
export function line(
  error = 'must be text, in quotes if it looks like something else',
  check: (value: string) => string | undefined = () => undefined,
) {
  return z.string({ error }).superRefine((value, context) => {
    const message = lineFault(value) ?? check(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: value });
  });
}

/** A line of text with a default. */
export function text(options: Described & { readonly default: string }) {
  return describeField(line().prefault(options.default), options);
}

/** A line of text that may be left out. @param check a further rule: answers with what is wrong */
export function optionalText(options: Described, check?: (value: string) => string | undefined) {
  return describeField(line(undefined, check).optional(), options);
}

/** Text of any number of lines, that may be left out. @param what as in "must be a SQL query" */
export function optionalLines(what: string, options: Described) {
  return describeField(
    z
      .string({ error: `must be ${what}` })
      .min(1, { error: 'is empty' })
      .optional(),
    options,
  );
}

/** A program and its arguments, that may be left out. */
export function optionalProgram(options: Described) {
  const program = z.array(line('must be text'), { error: 'must be a list: a program and its arguments' });
  return describeField(program.min(1, { error: 'must name a program' }).optional(), options);
}

function pathFault(text: string): string | undefined {
  return isUri(text) ? 'is an address, and must be a path of this machine' : undefined;
}

/** A path: absolute in the typed configuration. In the file relative to the file's folder; `~/` is home. */
export function path(options: Described & { readonly default: string }) {
  return describeField(line('must be a path', pathFault).prefault(options.default), options, {
    kind: 'path',
  });
}

/** A path that may be left out. */
export function optionalPath(options: Described) {
  return describeField(line('must be a path', pathFault).optional(), options, { kind: 'path' });
}

/** A list, empty by default. */
export function list<S extends z.ZodType>(
  item: S,
  { default: preset = [], ...options }: Described & { readonly default?: readonly z.input<S>[] },
) {
  return describeField(z.array(item, { error: 'must be a list' }).prefault([...preset]), options);
}

/** A list of paths, empty by default. */
export function paths(options: Described) {
  return list(line('must be a path', pathFault).register(fieldKinds, { kind: 'path' }), options);
}

/** The two keys by which a secret comes: `token` itself and `tokenFile`, whose content becomes `token`. */
export function secret<const K extends string>(
  key: K,
  options: Described & { readonly ofLines?: boolean; readonly fault?: (text: string) => string | undefined },
) {
  const text = options.ofLines
    ? z.string({ error: 'must be text' }).min(1, { error: 'is empty' })
    : line('must be text; put it in quotes', options.fault);
  const value = describeField(text.optional(), options, { kind: 'secret' });
  const file = describeField(
    line('must be a path').optional(),
    {
      description: `A file whose content is the ${key}, instead of \`${key}\`.`,
      example: `/run/secrets/${key}`,
    },
    { kind: 'secretFile', into: key },
  );
  return { [key]: value, [`${key}File`]: file } as Record<K, typeof value> & Record<`${K}File`, typeof file>;
}

/**
 * A mapping of names to texts that may be secrets, empty by default. @param nameFault answers with what is wrong with a
 * name
 */
export function secretTexts(nameFault: (name: string) => string | undefined, options: Described) {
  const name = z.string().superRefine((value, context) => {
    const message = nameFault(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: value });
  });
  const value = line('must be text; put it in quotes').register(fieldKinds, { kind: 'secret' });
  return describeField(
    z.record(name, value, { error: 'must be a mapping of names to texts' }).optional(),
    options,
  );
}

/**
 * A rule between fields. Gets what passed its own field's rule so far (faulty fields are absent) and names
 * the faulty key, in the file's spelling, with what is wrong.
 */
export type Rule<S extends z.ZodRawShape> = (
  values: Partial<z.output<z.ZodObject<S>>>,
  fault: (key: keyof S & string, message: string) => void,
) => void;

/** What keeps a text from being the address of a web page, or undefined. */
export function webAddressFault(value: string): string | undefined {
  if (!/^https?:\/\//.test(value)) return 'must begin with http:// or https://';
  return URL.canParse(value) ? undefined : 'is no address';
}

/** A rule: of a shell command and a web address that answer the same question one is given, and not both. */
export function commandOrUrl(
  { command, url }: { readonly command?: string | undefined; readonly url?: string | undefined },
  fault: (key: 'command' | 'url', message: string) => void,
): void {
  if ((command === undefined) === (url === undefined)) fault('command', 'or url must be given, and not both');
  const urlFault = url === undefined ? undefined : webAddressFault(url);
  if (urlFault !== undefined) fault('url', urlFault);
}

/** A zod error text for "not even of the right type", leaving other faults of the same schema to their own texts. */
export function onlyForType(message: string) {
  return (issue: { readonly code?: string }) => (issue.code === 'invalid_type' ? message : undefined);
}

/** A strict mapping of fields whose typed form carries units in its names. Every field it lists may be left out. */
export function mapping<S extends z.ZodRawShape>(shape: S, rules: readonly Rule<S>[] = []) {
  const object = z.strictObject(shape, { error: onlyForType('must be a mapping of settings') });
  const checked = object.superRefine(
    (values, context) => {
      if (typeof values !== 'object' || values === null) return;
      const faulty = new Set(context.issues.map(issue => issue.path?.[0]));
      const sound = Object.fromEntries(Object.entries(values).filter(([key]) => !faulty.has(key)));
      for (const rule of rules) {
        rule(sound as Parameters<Rule<S>>[0], (key, message) =>
          context.addIssue({ code: 'custom', path: [key], message, input: sound[key] }),
        );
      }
    },
    // Whatever else is wrong, so that every fault is reported at once; faulty fields are left out.
    { when: () => true },
  );
  return checked.transform(values => {
    const renamed = Object.entries(values).map(([key, value]) => {
      const field = shape[key];
      return [field ? typedKey(key, field) : key, value];
    });
    return Object.fromEntries(renamed) as WithUnits<z.output<z.ZodObject<S>>>;
  });
}

/** A top-level section: a mapping that may be left out as a whole. */
export function section<S extends z.ZodRawShape>(
  description: string,
  shape: S,
  rules: readonly Rule<S>[] = [],
) {
  return mapping(shape, rules)
    .prefault({} as never)
    .meta({ description });
}
