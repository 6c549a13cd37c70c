import type { CommandPlace } from './grammar.ts';

/**
 * A completion script for bash 4 or newer. Commands and options contain only letters, digits and hyphens, so nothing
 * of them is quoted. Where there is nothing to offer, bash offers files.
 */
export function bashCompletion(places: readonly CommandPlace[]): string {
  const commands = places.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# Completion of sluice for bash. For this shell: source <(sluice completion bash)
_sluice() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} path= index words=
  COMPREPLY=()
  # The command so far; options and what belongs to them are passed over.
  for ((index = 1; index < COMP_CWORD; index += 1)); do
    case "\${path:+$path }\${COMP_WORDS[index]}" in
      ${commands.join(' | ')}) path="\${path:+$path }\${COMP_WORDS[index]}" ;;
    esac
  done
  case "$path:$before" in
${places.flatMap(valueCases).join('\n')}
    *)
      case "$path" in
${places.map(placeCase).join('\n')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _sluice sluice
`;
}

/** What the value of an option may be; without choices files are offered. */
function valueCases({ path, values }: CommandPlace): string[] {
  const free = [...values].filter(([, choices]) => choices.length === 0).map(([flag]) => `'${path}:${flag}'`);
  const chosen = [...values].filter(([, choices]) => choices.length > 0);
  const cases = chosen.map(([flag, choices]) => `    '${path}:${flag}') words='${choices.join(' ')}' ;;`);
  if (free.length > 0) cases.push(`    ${free.join(' | ')}) return ;;`);
  return cases;
}

/** Options only once one is begun, or where there are no commands to offer. */
function placeCase({ path, commands, options }: CommandPlace): string {
  const flags = options.map(({ text }) => text).join(' ');
  const names = commands.map(({ text }) => text).join(' ');
  return `        '${path}') if [[ $word == -* ]]; then words='${flags}'; else words='${names}'; fi ;;`;
}
