import type { Command } from 'commander';
import { type Cli, type GlobalOptions, OUTPUT_OPTION, type Outcome } from '../cli.ts';
import { jsonText } from '../terminal.ts';

/** `sluice config check|show|schema|init`. */
export function defineConfig(program: Command, cli: Cli, _outcome: Outcome): void {
  const config = program
    .command('config')
    .description('check, show or begin a configuration file')
    .addHelpText(
      'after',
      examples([
        ['sluice config init -o sluice.yaml', 'begin one'],
        ['sluice config check', 'every fault at once, with its line'],
        ['sluice config show', 'what is in force, secrets masked'],
        ['sluice config schema -o schema.json', 'for your editor'],
      ]),
    );
  defineCheck(config, cli);
  defineShow(config, cli);
  config
    .command('schema')
    .description('print the JSON Schema of sluice.yaml')
    .option(...OUTPUT_OPTION)
    .addHelpText('after', examples([['sluice config schema -o schema.json', 'for your editor']]))
    .action(async (options: { output?: string }) => {
      const [{ SCHEMA }, { jsonSchema }, { writeOut }] = await Promise.all([
        import('../load.ts'),
        import('../../config/json-schema.ts'),
        import('../table-output.ts'),
      ]);
      await writeOut(`${jsonText(jsonSchema(SCHEMA), 2)}\n`, options, cli);
    });
  config
    .command('init')
    .description('a configuration file to begin with: every setting, to uncomment')
    .option(...OUTPUT_OPTION)
    .addHelpText('after', examples([['sluice config init -o sluice.yaml', 'begin one']]))
    .action(async (options: { output?: string }) => {
      const [{ SCHEMA }, { initTemplate }, { writeOut }] = await Promise.all([
        import('../load.ts'),
        import('../../config/template.ts'),
        import('../table-output.ts'),
      ]);
      // Somebody's settings may be in it.
      await writeOut(initTemplate(SCHEMA), options, cli, { keeps: true });
    });
}

function defineCheck(config: Command, cli: Cli): void {
  config
    .command('check')
    .description('say what is wrong with the configuration, all at once')
    .argument('[file]', 'another one than the file that "sluice up" would read')
    .addHelpText(
      'after',
      examples([
        ['sluice config check', 'the file that "sluice up" would read'],
        ['sluice config check new.yaml', 'another one'],
      ]),
    )
    .action(async (file: string | undefined, _options, command: Command) => {
      const { load } = await import('../load.ts');
      const options = command.optsWithGlobals<GlobalOptions>();
      const { source, notices } = await load(
        file === undefined ? options : { ...options, config: file },
        cli,
      );
      for (const notice of notices) cli.stdout.write(`${notice}\n`);
      cli.stdout.write(source ? `${source}: no faults\n` : 'no configuration file: all defaults\n');
    });
}

function defineShow(config: Command, cli: Cli): void {
  config
    .command('show')
    .description('print the configuration in force, defaults included, secrets masked')
    .option('--json', 'as one JSON object')
    .option(...OUTPUT_OPTION)
    .addHelpText(
      'after',
      examples([
        ['sluice config show', 'everything, with its defaults'],
        ['sluice config show --json | jq .git', 'for machines'],
      ]),
    )
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean; output?: string }>();
      const [{ load, SCHEMA }, { maskConfig, showConfig, toFileForm }, { writeOut }] = await Promise.all([
        import('../load.ts'),
        import('../../config/show.ts'),
        import('../table-output.ts'),
      ]);
      const loaded = await load(options, cli);
      const asJson = (): string => `${jsonText(toFileForm(maskConfig(loaded.config, SCHEMA), SCHEMA))}\n`;
      await writeOut(options.json ? asJson() : showConfig(loaded, SCHEMA), options, cli);
    });
}

function examples(lines: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length)) + 3;
  return ['\nExamples:', ...lines.map(([command, what]) => `  ${command.padEnd(width)}${what}`)].join('\n');
}
