import { SluiceError } from '../base/errors.ts';
import { globFault } from '../base/globs.ts';

/** Each of them is looked for in every path. */
const MOST_GLOBS = 20;

/**
 * Globs that choose files of a history, as somebody gave them.
 * @param name of the option, for the message
 * @throws SluiceError `usage` for one that is likely meant otherwise, or too many
 */
export function checkedPathGlobs(globs: readonly string[], name: string): readonly string[] {
  if (globs.length > MOST_GLOBS) {
    throw new SluiceError('usage', `${name} can be given ${MOST_GLOBS} times, not ${globs.length}`);
  }
  for (const glob of globs) {
    const fault = glob.startsWith('!')
      ? 'begins with "!", which means itself; what to leave out cannot be said'
      : /(^|\/)\.\.?(\/|$)/.test(glob)
        ? 'is a path with "." or ".."; begin at the top of the repository, as in src/parts'
        : globFault(glob);
    if (fault) throw new SluiceError('usage', `${name} "${glob}" ${fault}`);
  }
  return globs;
}
