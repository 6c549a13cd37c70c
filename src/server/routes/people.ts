import { z } from 'zod';
import type { RouteOptions } from '../app-options.ts';
import { nextCursor, readCursor } from '../cursor.ts';

const Place = z.tuple([z.int(), z.string(), z.string(), z.int()]);

/** Who is who: listing, merging by hand, undoing that, and saying who is a program. */
export function peopleRoutes({ station, operation }: RouteOptions): void {
  operation('listPeople', async ({ query: { search, bots, cursor, limit } }) => {
    const place = readCursor(cursor, Place);
    const after = place && { commits: place[0], name: place[1], email: place[2], id: place[3] };
    const people = await station.people.list({ text: search, bots, after, limit });
    return {
      people,
      next: nextCursor(people, limit, ({ commits, name, email, id }) => [commits, name, email, id]),
    };
  });
  operation('mergePeople', ({ body }) => station.people.merge(body.emails));
  operation('splitPeople', async ({ body }) => {
    await station.people.split(body.emails);
    return undefined;
  });
  operation('setBot', ({ body: { email, bot } }) => station.people.setBot(email, bot));
}
