import type { Command, Option } from 'commander';

/** A word that may come next on the command line. */
export interface Word {
  readonly text: string;
  readonly about: string;
}

/** A command as completion sees it. */
export interface CommandPlace {
  /** Words that lead to it: none for `sluice` itself, `config check` for a command of a command. */
  readonly path: string;
  /** Its commands, or what its arguments may be. */
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
  /** By option: what may be its value, in full; none where any text or file may. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** All commands with what may follow each, the options of all commands included; outer ones first. */
export function placesOf(program: Command): CommandPlace[] {
  return below(program, [], program.options);
}

function below(command: Command, path: readonly string[], global: readonly Option[]): CommandPlace[] {
  const inner = command.commands;
  const everywhere = global.filter(({ long }) => long !== '--version');
  const options = path.length === 0 ? global : [...command.options, ...everywhere];
  const place: CommandPlace = {
    path: path.join(' '),
    commands: [
      ...inner.map(one => ({ text: one.name(), about: one.description() })),
      ...argumentsOf(command),
    ],
    options: [...options.flatMap(wordsOf), { text: '--help', about: 'how it is used' }],
    values: new Map(
      options
        .filter(({ required, optional }) => required || optional)
        .flatMap(option => flagsOf(option).map(flag => [flag, option.argChoices ?? []] as const)),
    ),
  };
  return [place, ...inner.flatMap(one => below(one, [...path, one.name()], global))];
}

function argumentsOf(command: Command): Word[] {
  return command.registeredArguments.flatMap(({ argChoices = [], description }) =>
    argChoices.map(text => ({ text, about: description })),
  );
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter(flag => flag !== undefined && flag !== null);
}

function wordsOf(option: Option): Word[] {
  return flagsOf(option).map(text => ({ text, about: option.description }));
}
