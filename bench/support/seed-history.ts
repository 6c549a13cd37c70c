import { systemClock } from '../../src/base/clock.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { openStore, type SqliteStore } from '../../src/keep/sqlite/open-store.ts';
import type { CommitRow, PersonIdentity } from '../../src/keep/store/types.ts';
import { seedChangesets } from './seed-changesets.ts';

const START_SECOND = 1_136_073_600;
const SPAN_SECONDS = 20 * 365 * 86_400;
const AT_ONCE = 500;
const PATHS = 60_000;
const BOT: PersonIdentity = { name: 'dependabot[bot]', email: 'dependabot[bot]@users.noreply.example' };

/** URL of the large repository that is made. */
export const SEEDED_URL = 'https://example.org/seeded';
/** Those beside it have this part of its commits each. */
const SMALLER = 1 / 20;
const SMALLER_ONES = 2;

/**
 * Fills a database with a history of that many commits over twenty years, churn included: a fifth merges, a few
 * people and files with most of it, three in a hundred by a program; and two smaller repositories of the same people;
 * and a changeset for ten of its commits. The same for the same number.
 * @param nowMs when the history ends
 */
export async function seedHistory(path: string, commits: number, nowMs: number): Promise<void> {
  const store = await openStore(path, { clock: systemClock, cacheBytes: 256 * 2 ** 20 });
  const random = seededRandom(1);
  await seedRepository(store, SEEDED_URL, commits, random);
  for (let nth = 1; nth <= SMALLER_ONES; nth += 1) {
    await seedRepository(store, `${SEEDED_URL}-${nth}`, Math.ceil(commits * SMALLER), random);
  }
  await seedChangesets(store.database, Math.ceil(commits / 10), nowMs);
  await store.close();
}

async function seedRepository(
  store: SqliteStore,
  url: string,
  commits: number,
  random: Random,
): Promise<void> {
  const { id } = await store.repositories.ensure(url, 'example.org');
  await store.repositories.update(id, { state: 'ok', lastBakedAtMs: Date.now() });
  const people = Array.from({ length: Math.ceil(commits / 50) }, (_, index) => ({
    name: `Person ${index}`,
    email: `person${index}@example.org`,
  }));
  const writer = store.history(id);
  await writer.begin(new Map([['refs/heads/main', hashOf(commits - 1)]]));
  for (let from = 0; from < commits; from += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, commits - from) }, (_, nth) =>
      commitOf(from + nth, commits, people, random),
    );
    await writer.append(batch, batch.length);
  }
  await writer.finish(Date.now());
  const churn = store.churn(id);
  for (;;) {
    const waiting = await churn.waiting(20_000);
    if (waiting.length === 0) break;
    for (let from = 0; from < waiting.length; from += AT_ONCE) {
      const some = waiting.slice(from, from + AT_ONCE);
      await churn.append(
        some.map(commit => ({ ...commit, files: filesOf(random) })),
        some.at(-1)?.id ?? 0,
      );
    }
  }
}

function hashOf(index: number): string {
  // Spread as hashes are, so that indexes over them grow as they do.
  return ((BigInt(index + 1) * 0x9e3779b97f4a7c15f39cc0605cedc834n) & ((1n << 160n) - 1n))
    .toString(16)
    .padStart(40, '0');
}

function commitOf(
  index: number,
  commits: number,
  people: readonly PersonIdentity[],
  random: () => number,
): CommitRow {
  // Newest first, as git walks.
  const at = START_SECOND + Math.floor(((commits - index) / commits) * SPAN_SECONDS);
  const nobody = { name: '', email: '' };
  const person = people[personAt(Math.floor(at / 86_400), people.length, random)] ?? nobody;
  const author = random() < 0.03 ? BOT : person;
  const parents = index % 5 === 4 ? [hashOf(index + 1), hashOf(index + 7)] : [hashOf(index + 1)];
  return {
    hash: hashOf(index),
    parents,
    author,
    authoredAt: at - Math.floor(random() * 40_000),
    authoredZone: Math.floor(random() * 20 - 8) * 60,
    committer: person,
    committedAt: at,
    committedZone: 0,
    subject: `area ${index % 40}: change number ${index}`,
    signed: false,
    coAuthors: [],
  };
}

/**
 * On a day a few dozen people commit, some much and for years, most little and for weeks; one commit in twenty is by
 * somebody who passes by. That gives a third as many days of authors as commits, as in git's own history.
 */
function personAt(day: number, people: number, random: () => number): number {
  if (random() < 0.05) return Math.floor(random() * people);
  const seat = Math.floor(random() ** 2 * 40);
  const tenureDays = 2_000 / (seat + 1);
  return (seat * 397 + Math.floor((day + seat * 31) / tenureDays) * 41) % people;
}

/** 2.5 a commit; git's own history has 1.7, so that this is on the safe side. */
function filesOf(random: () => number): { path: string; added: number; removed: number }[] {
  const wanted = Math.floor(random() ** 3 * 12);
  const paths = new Set(Array.from({ length: wanted }, () => Math.floor(random() ** 3 * PATHS)));
  return [...paths].map(path => ({
    path: `src/area${path % 40}/module${path % 700}/file${path}.c`,
    added: Math.floor(random() ** 3 * 100),
    removed: Math.floor(random() ** 3 * 60),
  }));
}
