import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { YamlText } from './document.ts';
import type { Environment } from './environment.ts';
import { ConfigError, type ConfigFault, formatFault } from './faults.ts';
import { folderFaults } from './folder-faults.ts';
import { explain, type Finding } from './judge.ts';
import { liftConfig } from './lift.ts';
import { collectOverrides, FILE_VARIABLE, type OverrideName, type Overriding } from './overrides.ts';
import { formatPath, isMapping, type SettingPath, valueAt } from './paths.ts';
import { prepare, prepareText, readingFault, resolvePath, type Surroundings, statFile } from './prepare.ts';
import { houseStyle } from './robot-names.ts';
import { type Config, type ConfigSchema, complete } from './schema.ts';
import { childOf, mapTyped, shapeOf } from './walk.ts';

/** What is read when no file is named and the current directory has it. */
const DEFAULT_FILE = 'sluice.yaml';

/** No one writes a configuration this long; a log or database named by mistake is. */
export const MAX_FILE_BYTES = 1_048_576;

export interface LoadOptions {
  readonly schema: ConfigSchema;
  /** `--config`; goes before SLUICE_CONFIG and ./sluice.yaml. Relative to `cwd`. */
  readonly file?: string | undefined;
  readonly env: Environment;
  /** From the command line; they go before the environment, and that before the file. */
  readonly overrides?: Partial<Readonly<Record<OverrideName, string | number | undefined>>>;
  /** Says what is wrong with an entry of `repos` beyond its form; the rooms to the right know. */
  readonly repositoryFault?: ((address: string) => string | undefined) | undefined;
  /** Absolute. Relative paths start here unless they stand in the file: those start at its folder. */
  readonly cwd: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read, absolute; undefined where there was none. */
  readonly source: string | undefined;
  /** What counts otherwise than it was written, a line each with its place. */
  readonly notices: readonly string[];
  /** `SLUICE_PORT` or `--port` by setting (`server.port`), for those that did not come from file or defaults. */
  readonly sources: ReadonlyMap<string, string>;
}

/** The file that `loadConfig` would read, absolute, and whether it must exist. */
export function configFile(options: Pick<LoadOptions, 'file' | 'env' | 'cwd'>): {
  readonly path: string;
  readonly required: boolean;
} {
  const named = options.file ?? (options.env[FILE_VARIABLE] || undefined);
  return { path: resolve(options.cwd, named ?? DEFAULT_FILE), required: named !== undefined };
}

/**
 * Reads, checks and completes the configuration; without a file it is all defaults. May be called any number
 * of times. The answer is deeply frozen.
 * @throws ConfigError (`config_invalid`) with every fault found
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { env, cwd, schema } = options;
  const file = configFile(options);
  const label = shortPath(file.path, cwd);
  const text = readText(file.path, label, file.required);
  const yaml = text === undefined ? undefined : await parse(text, label);

  const findings: Finding[] = [];
  const report = (path: SettingPath, message: string): void => void findings.push({ path, message });
  const noticed: Finding[] = [];
  const renamed = houseStyle(
    yaml?.tree ?? {},
    report,
    (path, message) => void noticed.push({ path, message }),
  );
  const lifted = liftConfig(renamed.tree, report);
  const prepared = prepare(schema, lifted.tree, { env, base: dirname(file.path) }, report);
  const overrides = collectOverrides(options.overrides ?? {}, env);
  const tree = override(schema, prepared.tree, overrides, { env, base: cwd });

  const parsed = schema.safeParse(tree);
  const origins = new Map(overrides.map(({ path, origin }) => [formatPath(path), origin]));
  const references = new Map([...prepared.references].filter(([path]) => !origins.has(path)));
  findings.push(...explain(schema, parsed.error?.issues ?? [], tree, references));
  if (options.repositoryFault) findings.push(...addressFaults(tree, options.repositoryFault));
  const place = (finding: Finding): ConfigFault =>
    locateFault(finding, yaml && { label, yaml }, path => renamed.original(lifted.original(path)), origins);
  const faults = [...yamlFaults(yaml, label), ...firstOfEachPath(findings).map(place)];
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults.sort(byPlace));

  const absolute = mapTyped(schema, parsed.data, (value, shape) =>
    shape?.kind?.kind === 'path' && typeof value === 'string'
      ? resolvePath(value, { env, base: cwd })
      : value,
  ) as typeof parsed.data;
  const config = complete(absolute);
  const overlaps = folderFaults(config).map(place);
  if (overlaps.length > 0) throw new ConfigError(overlaps);
  return {
    config: deepFreeze(config),
    source: yaml && file.path,
    notices: noticed.map(finding =>
      formatFault(locateFault(finding, yaml && { label, yaml }, path => path, origins)),
    ),
    sources: origins,
  };
}

/** Faults of the repositories listed, of whatever form the entries are. */
function addressFaults(tree: unknown, faultOf: (address: string) => string | undefined): Finding[] {
  const entries = valueAt(tree, ['repos']);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown, index) => {
    const path = isMapping(entry) ? ['repos', index, 'url'] : ['repos', index];
    const address = isMapping(entry) ? entry.url : entry;
    const message = typeof address === 'string' ? faultOf(address) : undefined;
    return message === undefined ? [] : [{ path, message }];
  });
}

/** The file's text, or undefined where there need not be one. */
function readText(path: string, label: string, required: boolean): string | undefined {
  try {
    const { size } = statFile(path);
    if (size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES / 1024} KiB`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !required) return undefined;
    const reason = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8 text' : readingFault(code);
    throw new ConfigError(
      [{ file: label, path: '', message: `cannot be read: ${reason ?? message}` }],
      error,
    );
  }
}

/** The parser is loaded only where there is something to parse. Throws when nothing sensible came out. */
async function parse(text: string, label: string): Promise<YamlText> {
  const { readYaml } = await import('./document.ts');
  const yaml = readYaml(text);
  if (yaml.tree === undefined && yaml.faults.length > 0) throw new ConfigError(yamlFaults(yaml, label));
  return yaml;
}

function yamlFaults(yaml: YamlText | undefined, label: string): ConfigFault[] {
  return (yaml?.faults ?? []).map(fault => ({ file: label, path: '', ...fault }));
}

/**
 * The tree with options and variables in it. Below a value that is no mapping nothing is set: that is the fault to
 * report.
 */
function override(
  schema: ConfigSchema,
  tree: unknown,
  overrides: readonly Overriding[],
  around: Surroundings,
): unknown {
  if (!isMapping(tree)) return tree;
  let result = tree;
  for (const { path, displaces, value } of overrides) {
    const field = path.reduce<ReturnType<typeof childOf>>(
      (at, key) => at && childOf(shapeOf(at), key),
      schema,
    );
    if (displaces) result = withValue(result, displaces, undefined);
    result = withValue(result, path, prepareText(field, value, around));
  }
  return result;
}

function withValue(
  tree: Record<string, unknown>,
  path: SettingPath,
  value: unknown,
): Record<string, unknown> {
  const [key = '', ...rest] = path;
  if (rest.length === 0) return { ...tree, [key]: value };
  const inner = tree[key] ?? {};
  return isMapping(inner) ? { ...tree, [key]: withValue(inner, rest, value) } : tree;
}

function locateFault(
  { path, message }: Finding,
  file: { readonly label: string; readonly yaml: YamlText } | undefined,
  original: (path: SettingPath) => SettingPath,
  origins: ReadonlyMap<string, string>,
): ConfigFault {
  const where = original(path);
  const origin = origins.get(formatPath(path));
  if (origin !== undefined) return { origin, path: formatPath(path), message };
  if (!file) return { path: formatPath(path), message };
  return { file: file.label, ...file.yaml.locate(where), path: formatPath(where), message };
}

/** What follows from a fault that has been reported (a bad token, so none at all) is not reported again. */
function firstOfEachPath(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ path }) => !seen.has(formatPath(path)) && seen.add(formatPath(path)));
}

/** As one reads the file; faults from elsewhere first. */
function byPlace(a: ConfigFault, b: ConfigFault): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function shortPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
