import { isMapping, type SettingPath } from './paths.ts';

/** The cache's settings may stand below `config:` as well. */
export interface Lifted {
  readonly tree: unknown;
  /** Where a setting of the answer stands in the file. */
  readonly original: (path: SettingPath) => SettingPath;
}

/**
 * Moves `config.cache.*` up to `cache.*`. Keys given in both places are reported and taken from the outer one.
 * What is not of the form that this reads stays where it is, for the schema to judge.
 */
export function liftConfig(tree: unknown, report: (path: SettingPath, message: string) => void): Lifted {
  const config = isMapping(tree) ? tree.config : undefined;
  const inner = isMapping(config) ? config.cache : undefined;
  const outer = isMapping(tree) ? (tree.cache ?? {}) : undefined;
  if (!isMapping(tree) || !isMapping(config) || !isMapping(inner) || !isMapping(outer)) {
    return { tree, original: path => path };
  }
  for (const key of Object.keys(inner)) {
    if (Object.hasOwn(outer, key))
      report(['config', 'cache', key], `is given as cache.${key}, too; keep one of the two`);
  }
  const { config: _config, ...others } = tree;
  const { cache: _cache, ...rest } = config;
  const lifted = { ...others, cache: { ...inner, ...outer } };
  return {
    tree: Object.keys(rest).length > 0 ? { ...lifted, config: rest } : lifted,
    original: path => {
      const [section, key] = path;
      const isLifted =
        section === 'cache' && key !== undefined && Object.hasOwn(inner, key) && !Object.hasOwn(outer, key);
      return isLifted ? ['config', ...path] : path;
    },
  };
}
