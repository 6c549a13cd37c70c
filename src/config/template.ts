import { stringify } from 'yaml';
import { describeSettings, type Setting } from './describe.ts';
import type { ConfigSchema } from './schema.ts';

const HEAD = `# sluice.yaml: what this station gathers, keeps and delivers.
#
# Everything has a default: a line like "#key: value" shows it. Take the "#" off and change the value, then
# try "sluice config check". Durations are written 6s, 2m, 8h; sizes 256KiB, 5GiB. \${NAME} stands for that
# environment variable. Paths are relative to this file; ~/ is your home folder.
`;

/** What `sluice config init` writes: every setting, explained, at its default and commented out. */
export function initTemplate(schema: ConfigSchema): string {
  return [HEAD, ...describeSettings(schema).map(section)].join('\n');
}

function section(setting: Setting): string {
  // One that stands by itself, with a default or without, holds no others.
  if (setting.default !== undefined || setting.settings.length === 0)
    return [...explain(setting, ''), ''].join('\n');
  const inner = setting.settings.flatMap(each => explain(each, '  '));
  return [`# ${setting.description}`, `${setting.path}:`, ...inner, ''].join('\n');
}

function explain({ path, description, default: initial, example }: Setting, indent: string): string[] {
  const key = path.split('.').at(-1) ?? path;
  const write = (value: unknown): string =>
    stringify(value, { lineWidth: 0, collectionStyle: 'flow', flowCollectionPadding: false }).trimEnd();
  return [
    `${indent}# ${description}`,
    ...(example === undefined ? [] : [`${indent}# e.g. ${key}: ${write(example)}`]),
    ...(initial === undefined ? [] : [`${indent}#${key}: ${write(initial)}`]),
  ];
}
