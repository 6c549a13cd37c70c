import { Command, CommanderError, Option } from 'commander';
import type { SluiceError } from '../base/errors.ts';
import { inWords } from '../base/text.ts';
import type { Cli, Outcome } from './cli.ts';
import { defineBackup } from './commands/backup.ts';
import { defineBake } from './commands/bake.ts';
import { defineCache } from './commands/cache.ts';
import { defineCapture, defineDisk } from './commands/capture.ts';
import { defineChangesets } from './commands/changesets.ts';
import { defineCompletion } from './commands/completion.ts';
import { defineConfig } from './commands/config.ts';
import { defineCopy } from './commands/copy.ts';
import { defineDeliveries, defineFailed } from './commands/deliveries.ts';
import { defineDoctor } from './commands/doctor.ts';
import { defineExport } from './commands/export.ts';
import { defineInsights } from './commands/insights.ts';
import { definePause } from './commands/pause.ts';
import { definePeople } from './commands/people.ts';
import { defineStatus } from './commands/status.ts';
import { defineStore } from './commands/store.ts';
import { defineSync } from './commands/sync.ts';
import { defineForget, defineTrack, defineUntrack } from './commands/track.ts';
import { defineUp } from './commands/up.ts';
import { foldedOutput, guardedOutput, styleFor } from './terminal.ts';

const EXIT_USAGE = 2;
/** 128 + SIGINT, as shells have it. */
const EXIT_INTERRUPTED = 130;

/** Runs one command line. Answers the exit code: 0 done, 1 something failed, 2 usage, 130 interrupted. */
export async function runCli(args: readonly string[], given: Cli): Promise<number> {
  let isForPeople = true;
  const cli = {
    ...given,
    stdout: guardedOutput(foldedOutput(given.stdout, () => isForPeople)),
    stderr: guardedOutput(foldedOutput(given.stderr, () => true)),
  };
  const outcome = { exitCode: 0 };
  const program = buildProgram(cli, outcome).hook('preAction', (_program, command) => {
    isForPeople = !isForMachines(command);
  });
  try {
    await program.parseAsync(args.length === 0 ? ['up'] : args, { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    return explain(error, cli, commandOf(program, args));
  }
}

/** In the order in which help lists them. */
const COMMANDS = [
  defineUp,
  defineBake,
  defineTrack,
  defineUntrack,
  defineForget,
  defineInsights,
  definePeople,
  defineChangesets,
  defineCopy,
  defineDeliveries,
  defineFailed,
  defineSync,
  definePause,
  defineCache,
  defineCapture,
  defineDisk,
  defineStatus,
  defineStore,
  defineDoctor,
  defineBackup,
  defineExport,
  defineConfig,
  defineCompletion,
];

function buildProgram(cli: Cli, outcome: Outcome): Command {
  const program = new Command('sluice')
    .description(
      'A sync station: gathers git history, keeps it in a database anyone may query, delivers files to object storage.',
    )
    .version(cli.version, '-V, --version')
    .option('--config <file>', 'configuration file (default: ./sluice.yaml if it is there)')
    .option('--root <dir>', 'folder for all that the station keeps on disk (default: ./station)')
    .option('--database <file>', 'SQLite database (default: ./sluice.db)')
    .option('--credentials <file>', "credentials file in AWS syntax, if AWS's own has no sluice profile")
    .option('--only-credentials <file>', 'as --credentials, and no other file is looked at')
    .option('--server-directory <dir>', 'folder with incoming and the other areas (default: root)')
    .addOption(new Option('--log-level <level>', 'trace, debug, info, warn, error or silent'))
    .configureOutput({
      writeOut: text => cli.stdout.write(text),
      writeErr: text => cli.stderr.write(text),
      outputError: text =>
        cli.stderr.write(
          text
            .replace(/^error: /, `${styleFor(cli.stderr, cli.env).bad('sluice:')} `)
            .replace(/\n\(/, '\n  (')
            .replace(
              /^.*unknown command '([^']*)'\n/,
              (line, name: string) => line + elsewhere(program, name),
            ),
        ),
      getOutHelpWidth: () => cli.stdout.columns || 80,
      getErrHelpWidth: () => cli.stderr.columns || 80,
    })
    .addHelpText(
      'after',
      `
Examples:
  sluice                                   start a station (as "sluice up" does)
  sluice bake https://github.com/git/git   what is in a repository's history
  sluice copy report.pdf s3://local/outbox/ have a file delivered
  sluice status                            how the station here is doing

Every command has --help with examples of its own.`,
    )
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, subcommandTerm: command => command.name() })
    .showHelpAfterError('  Add --help for how it is used.')
    .exitOverride();
  for (const define of COMMANDS) define(program, cli, outcome);
  return program;
}

/** A line that names the commands that have another one of that name below them; none where there is no such. */
function elsewhere(program: Command, name: string): string {
  const found = program.commands.flatMap(group =>
    group.commands.filter(each => each.name() === name).map(() => `"sluice ${group.name()} ${name}"`),
  );
  if (found.length === 0) return '';
  return `  There ${found.length === 1 ? 'is' : 'are'} ${inWords(found, 'and')}.\n`;
}

/** Whether what a command prints is JSON, or made to be kept: then its lines are as long as they are. */
function isForMachines(command: Command): boolean {
  return command.opts().json === true || command.options.some(({ long }) => long === '--output');
}

/** The command that the arguments begin with, as it is typed: `sluice deliveries ls`. */
function commandOf(program: Command, args: readonly string[]): string {
  let command = program;
  const names = ['sluice'];
  for (const arg of args) {
    const next = command.commands.find(each => each.name() === arg);
    if (!next) continue;
    command = next;
    names.push(arg);
  }
  return names.join(' ');
}

async function explain(error: unknown, cli: Cli, command: string): Promise<number> {
  const { asSluiceError, CATALOGUE } = await import('../base/errors.ts');
  const known: SluiceError = asSluiceError(error);
  if (known.code === 'cancelled') return EXIT_INTERRUPTED;
  const style = styleFor(cli.stderr, cli.env);
  cli.stderr.write(`${style.bad('sluice:')} ${known.message}\n`);
  const isUsage = known.code === 'usage' && known.hint === CATALOGUE.usage.remedy;
  const hint = isUsage ? `"${command} --help" says what it takes.` : known.hint;
  if (hint) cli.stderr.write(`  ${hint}\n`);
  if (known.code === 'internal' && error instanceof Error) cli.stderr.write(`${error.stack}\n`);
  return known.exitCode;
}
