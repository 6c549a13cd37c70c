import type { CommandPlace } from './grammar.ts';

/** A completion script for fish, which looks for it in ~/.config/fish/completions/sluice.fish. */
export function fishCompletion(places: readonly CommandPlace[]): string {
  const commands = places.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `# Completion of sluice for fish. For this shell: sluice completion fish | source
function __sluice_at --argument-names wanted
    # The command so far; options and what belongs to them are passed over.
    set --local place ''
    for word in (commandline --tokenize --cut-at-cursor --current-process)[2..]
        switch (string trim "$place $word")
            case ${commands.join(' ')}
                set place (string trim "$place $word")
        end
    end
    test "$place" = "$wanted"
end
${places.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, commands, options, values }: CommandPlace): string[] {
  const start = `complete -c sluice -n ${quoted(`__sluice_at "${path}"`)}`;
  return [
    ...commands.map(({ text, about }) => `${start} -f -a ${text} -d ${quoted(about)}`),
    ...options.map(({ text, about }) => {
      const flag = text.startsWith('--') ? `-l ${text.slice(2)}` : `-s ${text.slice(1)}`;
      const choices = values.get(text);
      const value =
        choices === undefined ? '' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -r -F';
      return `${start} ${flag}${value} -d ${quoted(about)}`;
    }),
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
