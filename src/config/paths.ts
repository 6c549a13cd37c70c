/** Where a setting stands: keys and list indices from the top of the file. */
export type SettingPath = readonly (string | number)[];

/** `server.port`, `repos[2].url`, `hosts["github.com"].token`; the top itself is empty. */
export function formatPath(path: SettingPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (!/^[\w-]+$/.test(segment)) text += `[${JSON.stringify(segment)}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}

/** Whether a value is a mapping: a plain object, neither list nor null. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of nested mappings and lists; undefined where there is none. */
export function valueAt(tree: unknown, path: SettingPath): unknown {
  let value = tree;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string | number, unknown>)[segment];
  }
  return value;
}

/** "github.com/git/git" is a path to git; people mean the host. */
export function isHostWithoutScheme(text: string): boolean {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+\/./i.test(text);
}
