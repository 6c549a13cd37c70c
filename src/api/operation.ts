import { z } from 'zod';

/** One thing that may be asked of the station over HTTP: what is given and what is answered, as the schemas that check it. */
export interface Operation {
  /** Under which heading of the description it stands. */
  readonly about: string;
  /** In a line. */
  readonly summary: string;
  /** More of it, where a line does not do. */
  readonly description?: string;
  /** What varies in its path, as text from there. */
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** A JSON body. */
  readonly body?: z.ZodType;
  /** The largest body; `server.maxBodySize` unless given. */
  readonly maxBodyBytes?: number;
  /** Of a success. */
  readonly status: 200 | 201 | 202 | 204;
  /** What is answered as JSON; absent: nothing, or what is no JSON. */
  readonly answer?: z.ZodType;
  /** An error of it, where that has more than others. */
  readonly problem?: z.ZodType;
  /** What else it may answer as JSON, by status. */
  readonly also?: Readonly<Record<number, z.ZodType>>;
  /** The content type of an answer that is no JSON. */
  readonly contentType?: string;
  /** Kept for those who know it; another one does the same. */
  readonly isDeprecated?: boolean;
  /** It is answered without the token. */
  readonly isOpen?: boolean;
}

export const Time = z.iso.datetime().describe('ISO 8601, UTC');
export const Day = z.iso.date().describe('a day, UTC');
export const Count = z.int().min(0);
export const Bytes = z.int().min(0).describe('bytes');
export const Milliseconds = z.int().describe('milliseconds');
export const Share = z.number().min(0);

/** `true` or `false`, as a query has it. */
export const Switch = z.enum(['true', 'false']).transform(text => text === 'true');

/** An error as RFC 9457 has it. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string().describe('what the code means'),
    status: z.int(),
    detail: z.string().describe('what happened'),
    code: z.string().describe('from the error catalogue'),
    hint: z.string().describe('what to do about it'),
  })
  .meta({ id: 'Problem' });

/** What it failed with last. */
export const LastError = z.object({ code: z.string(), message: z.string() }).nullable();

const MAX_CURSOR_LENGTH = 4096;

/**
 * Where a page of a list begins: `next` of the page before. Rows that come or go meanwhile move nothing, since it names
 * a row's place in the order and not how many are before it. What is in it is the station's own business.
 */
export const Cursor = z.string().min(1).max(MAX_CURSOR_LENGTH).describe('`next` of the page before');

/** What every list takes. */
export const pageQuery = (byDefault: number, atMost: number) => ({
  cursor: Cursor.optional(),
  limit: z.coerce.number<number>().int().min(1).max(atMost).default(byDefault),
});

/** What a list takes of which any part may be looked at, such as the middle, whatever is in front of it. */
export const partQuery = {
  offset: z.coerce
    .number<number>()
    .int()
    .min(0)
    .default(0)
    .describe('so many rows are left out first; behind the cursor, where there is one'),
};

/** What a list takes that goes from either end of its order. */
export const reverseQuery = { reverse: Switch.default(false).describe('from the other end of the order') };

/** Beside the rows of a page. */
export const pageAnswer = {
  next: Cursor.nullable().describe('where the next page begins; null: this is the last'),
};

/** A thing by its number. */
export const IdPath = z.object({ id: z.coerce.number<number>().int().positive() });
export const Url = z.string().min(1).max(4096);
