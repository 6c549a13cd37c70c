import { z } from 'zod';
import { SluiceError } from '../base/errors.ts';

/**
 * The cursor of a row's place in the order of its list, to go on behind it. Pure.
 * @param place what the list is ordered by, of that row
 */
export function cursorOf(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The cursor behind a full page's last row; null where the page is the last one. Pure. */
export function nextCursor<Row>(
  page: readonly Row[],
  limit: number,
  placeOf: (row: Row) => readonly (string | number)[],
): string | null {
  const last = page.at(-1);
  return last === undefined || page.length < limit ? null : cursorOf(placeOf(last));
}

/** A row's place in a list that goes by its number. */
export const ById = z.tuple([z.int()]);

/** The place in a cursor; undefined without one. Throws `usage` for what is no cursor of such a list. Pure. */
export function readCursor<Place>(cursor: string | undefined, place: z.ZodType<Place>): Place | undefined {
  if (cursor === undefined) return undefined;
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (error) {
    throw new SluiceError('usage', 'cursor: is not one that this list has given', {
      cause: error,
      hint: 'Give `next` of the page before, or nothing to begin at the front.',
    });
  }
}
