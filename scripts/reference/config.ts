import { stringify } from 'yaml';
import { SCHEMA } from '../../src/cli/load.ts';
import { describeSettings, type Setting } from '../../src/config/describe.ts';
import { FILE_VARIABLE, OVERRIDES } from '../../src/config/overrides.ts';
import { formatPath } from '../../src/config/paths.ts';
import { ROBOT_ALIASES, ROBOT_NAMES, ROBOT_REFUSALS } from '../../src/config/robot-names.ts';
import { code, GENERATED, table } from './markdown.ts';

/** docs/reference/config.md, from the schema. */
export function configReference(): string {
  const settings = describeSettings(SCHEMA);
  const single = settings.filter(each => each.settings.length === 0);
  const sections = settings.filter(each => each.settings.length > 0);
  return `${GENERATED}

# Configuration

sluice reads the file that \`--config\` names, else the one that \`${FILE_VARIABLE}\` names, else \`sluice.yaml\` in
the current directory, else nothing: every setting has a default. Command-line options go before environment
variables, those before the file. An unknown key is an error. \`sluice config check\` tells every fault at once,
\`sluice config show\` what is in force, \`sluice config init\` writes a file to start from, and
\`sluice config schema\` prints the JSON Schema for editors.

- **Durations** are numbers with a unit, \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`: \`6s\`, \`2m\`, \`1h30m\`, \`0.5s\`; \`0\` alone needs none.
- **Sizes** are decimal (\`kB\`, \`MB\`, \`GB\`, \`TB\`), binary (\`KiB\`, \`MiB\`, \`GiB\`, \`TiB\`) or \`B\`: \`256KiB\`, \`5GB\`; \`0\` alone needs none.
- **Paths** in the file are relative to the file's folder; those in options, variables and defaults to the
  current directory. \`~/\` is the home folder.
- **\`\${NAME}\`** in any value is replaced by that environment variable, which must be set; \`$\${\` stands for \`\${\`
  itself. Keys are taken as they are.
- **Secrets** need not stand in the file: use \`\${NAME}\`, or the key that ends in \`File\`. They are masked
  wherever the configuration is shown.

The file is read again on SIGHUP and when it changes. A faulty one changes nothing and is reported.

## Options and environment variables

${table(['Setting', 'Variable', 'Option'], overrides())}

## Settings on their own

${settingsTable(single)}

${sections.map(section).join('\n\n')}

## Names of a robot's data manager

These names are taken as well, at the top of the file or below \`capture\`, so that a configuration can be brought along.
Zero counts as not given. Those without a setting are refused with what to write instead, unless they are empty.

${table(['Name', 'Setting', 'Unit'], robotNames())}

## \`config\`

\`config.cache\` is an older place for \`cache\` and read as if it stood at the top; a key given in both is an error.
`;
}

function robotNames(): string[][] {
  return [
    ...ROBOT_NAMES.map(({ name, path, unit, most }) => [
      code(name),
      code(formatPath(path)),
      most === undefined ? unit : `${unit}; more than ${most} counts as ${most}, and that is said`,
    ]),
    ...ROBOT_ALIASES.map(({ name, path, taken }) => [code(name), code(formatPath(path)), taken]),
    ...ROBOT_REFUSALS.map(({ name, instead }) => [code(name), 'none', instead]),
  ];
}

function overrides(): string[][] {
  return [
    ['(the file itself)', code(FILE_VARIABLE), code('--config')],
    ...Object.values(OVERRIDES).map(each => [
      code(formatPath(each.path)),
      code(each.variable),
      code(each.option),
    ]),
  ];
}

function section({ path, description, example, settings }: Setting): string {
  const yaml = example === undefined ? '' : `\n\n\`\`\`yaml\n${stringify({ [path]: example })}\`\`\``;
  return `## \`${path}\`\n\n${description}${yaml}\n\n${settingsTable(settings)}`;
}

function settingsTable(settings: readonly Setting[]): string {
  const written = (value: unknown): string =>
    value === undefined ? '' : code(stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim());
  return table(
    ['Setting', 'Type', 'Default', 'Meaning'],
    settings.map(each => {
      const example = each.example === undefined ? '' : ` Example: ${written(each.example)}.`;
      return [code(each.path), each.type, written(each.default), each.description + example];
    }),
  );
}
