/** Lists for people end at a page and say how much more there is; those for machines are whole. */
import { SluiceError } from '../base/errors.ts';

const ROWS = 50;

export interface PageOptions {
  readonly all?: boolean;
  readonly limit?: string;
  readonly json?: boolean;
}

/** How many rows the options ask for. Throws `usage` for a limit that is no whole number from 1 on. */
export function rowsAsked({ all, limit, json }: PageOptions): number {
  if (limit !== undefined) {
    if (!/^[1-9]\d{0,8}$/.test(limit))
      throw new SluiceError('usage', `--limit takes a whole number from 1 on, not "${limit}"`, {
        hint: 'Leave it out for the first 50, or say --all.',
      });
    return Number(limit);
  }
  return all || json ? Number.POSITIVE_INFINITY : ROWS;
}

/** The last line of a list that is cut; nothing where all was shown. Pure. */
export function moreLine(total: number, shown: number): string {
  return total > shown ? `and ${(total - shown).toLocaleString('en')} more; --all lists them\n` : '';
}

/** The same where nobody has counted them: one more than is shown was asked for, as far as there is one. Pure. */
export function someMoreLine(found: number, shown: number): string {
  return found > shown ? 'and more; --all lists them\n' : '';
}
