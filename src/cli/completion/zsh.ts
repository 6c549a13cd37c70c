import type { CommandPlace, Word } from './grammar.ts';

/** A completion script for zsh, to be named `_sluice` in a folder of `fpath`, or sourced after `compinit`. */
export function zshCompletion(places: readonly CommandPlace[]): string {
  const commands = places.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `#compdef sluice
# Completion of sluice for zsh. For this shell: source <(sluice completion zsh)
_sluice() {
  local place= index before=\${words[CURRENT-1]}
  local -a offered
  # The command so far; options and what belongs to them are passed over.
  for ((index = 2; index < CURRENT; index += 1)); do
    case "\${place:+$place }\${words[index]}" in
      (${commands.join('|')}) place="\${place:+$place }\${words[index]}" ;;
    esac
  done
  case "$place:$before" in
${places.flatMap(valueCases).join('\n')}
  esac
  case "$place" in
${places.map(placeCase).join('\n')}
  esac
  if (( $#offered )); then _describe sluice offered; else _files; fi
}
if [[ $funcstack[1] == _sluice ]]; then _sluice "$@"; else compdef _sluice sluice; fi
`;
}

function valueCases({ path, values }: CommandPlace): string[] {
  return [...values].map(([flag, choices]) => {
    const act = choices.length > 0 ? `compadd -- ${choices.join(' ')}` : '_files';
    return `    (${quoted(`${path}:${flag}`)}) ${act}; return ;;`;
  });
}

function placeCase({ path, commands, options }: CommandPlace): string {
  return `    (${quoted(path)})
      if [[ $PREFIX == -* ]]; then offered=(${list(options)}); else offered=(${list(commands)}); fi ;;`;
}

/** As _describe wants them: name, colon, explanation. */
function list(words: readonly Word[]): string {
  return words.map(({ text, about }) => quoted(`${text}:${about}`)).join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
