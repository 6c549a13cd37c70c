import { z } from 'zod';
import { cacheAnswer } from '../../base/answer-cache.ts';
import { loginOfAddress } from '../../gather/forges/definitions.ts';
import { refusalsOf, suggestMerges } from '../../insights/merge-suggestions.ts';
import type { RouteOptions } from '../app-options.ts';
import { nextCursor, readCursor } from '../cursor.ts';

const Place = z.tuple([z.int(), z.string(), z.string(), z.int()]);

/** Who is who: listing, merging by hand or as suggested, undoing that, and saying who is a program. */
export function peopleRoutes({ station, clock, operation }: RouteOptions): void {
  // It goes through everybody; what was changed here is seen at once.
  let suggestions = newSuggestions();
  function newSuggestions() {
    return cacheAnswer(
      async () =>
        suggestMerges(
          await station.people.list({ limit: EVERYBODY }),
          await station.people.refusals(),
          loginOfAddress,
        ),
      clock,
    );
  }
  const changed = <T>(answer: T): T => {
    suggestions = newSuggestions();
    return answer;
  };
  operation('listPeople', async ({ query: { search, bots, cursor, limit } }) => {
    const place = readCursor(cursor, Place);
    const after = place && { commits: place[0], name: place[1], email: place[2], id: place[3] };
    const filter = { text: search, bots };
    const [page, total] = await Promise.all([
      station.people.list({ ...filter, after, limit }),
      station.people.count(filter),
    ]);
    return {
      people: page,
      total,
      next: nextCursor(page, limit, ({ commits, name, email, id }) => [commits, name, email, id]),
    };
  });
  operation('listMergeSuggestions', async ({ query: { limit } }) => {
    const all = await suggestions();
    return { suggestions: all.slice(0, limit), total: all.length };
  });
  operation('refuseMerge', async ({ body: { people: named, refused } }) => {
    changed(await station.people.refuse(refusalsOf(named), refused));
    return undefined;
  });
  operation('mergePeople', async ({ body }) => changed(await station.people.merge(body.emails)));
  operation('splitPeople', async ({ body }) => {
    changed(await station.people.split(body.emails));
    return undefined;
  });
  operation('setBot', async ({ body: { email, bot } }) => changed(await station.people.setBot(email, bot)));
}

/** More people than a station will ever know. */
const EVERYBODY = 10_000_000;
