import type { Command } from 'commander';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { placesOf } from './grammar.ts';
import { zshCompletion } from './zsh.ts';

/** The completion script of a shell: all commands and options as they are defined, nothing asked at run time. */
export function completionOf(shell: string, program: Command): string {
  const places = placesOf(program);
  if (shell === 'zsh') return zshCompletion(places);
  return shell === 'fish' ? fishCompletion(places) : bashCompletion(places);
}
