import { SluiceError } from '../../../base/errors.ts';
import type { PeopleFilter, PeopleStore, Person } from '../../store/people.ts';
import { readInteger, readText } from '../../store/rows/columns.ts';
import { checkedEmails, toMailmapBehind, toPerson } from '../../store/rows/people.ts';
import type { Database } from '../database.ts';

const PEOPLE = `
  SELECT people.id, people.name, people.email, people.bot, people.bot_by_hand, sum(identities.commits) AS commits,
         (SELECT group_concat(email, char(10)) FROM person_emails
           WHERE person_id = people.id AND email <> people.email) AS merged
    FROM identities JOIN people ON people.id = identities.person_id`;
/** What it takes is made for those of a page alone. */
const withMailmapped = (page: string): string => `
  SELECT page.*, (SELECT group_concat(email, char(10)) FROM
      (SELECT DISTINCT lower(email) AS email FROM identities
        WHERE person_id = page.id AND email <> mapped_email COLLATE NOCASE)) AS mailmapped
    FROM (${page}) AS page ORDER BY commits DESC, name, email, id`;
/** The station's part of a name stands behind the plus sign (`mailmapName`). */
const BEHIND = `
  SELECT repositories.id AS repository_id, content
    FROM repositories LEFT JOIN mailmaps ON mailmaps.repository_id = repositories.id
   WHERE repositories.id > ?2 AND last_baked_at_ms IS NOT NULL
     AND iif(instr(mailmap_hash, '+'), substr(mailmap_hash, instr(mailmap_hash, '+') + 1), '') <> ?1
   ORDER BY repositories.id LIMIT ?3`;
const COUNTED = `SELECT count(DISTINCT people.id) AS people
    FROM identities JOIN people ON people.id = identities.person_id`;
const ORDER = 'ORDER BY commits DESC, people.name, people.email, people.id LIMIT ?';
const AFTER = '(-sum(identities.commits), people.name, people.email, people.id) > (?, ?, ?, ?)';
const BY_EMAIL = `
  SELECT people.id FROM people JOIN identities ON identities.person_id = people.id
   WHERE identities.mapped_email = ?1 COLLATE NOCASE
   GROUP BY people.id ORDER BY sum(identities.commits) DESC, people.id LIMIT 1`;
const SHARED_BY = `
  SELECT count(DISTINCT person_id) AS people FROM identities WHERE mapped_email = ? COLLATE NOCASE`;
const OWN_PERSON = `
  UPDATE identities SET person_id =
    (SELECT id FROM people WHERE name = identities.mapped_name AND email = identities.mapped_email)
   WHERE mapped_email = ? COLLATE NOCASE`;
const BY_PATTERNS = `
  UPDATE people SET bot_by_hand = 0,
    bot = EXISTS (SELECT 1 FROM bot_patterns WHERE name LIKE pattern OR email LIKE pattern) WHERE id = ?`;

/** `PeopleStore` on SQLite. Triggers give every new identity its person; see the migration. */
export function createPeopleStore(database: Database): PeopleStore {
  const personOf = (email: string): number => {
    const row = database.statement(BY_EMAIL).get(email);
    if (row) return Number(row.id);
    throw new SluiceError('not_found', `nobody has the e-mail "${email}"`, {
      hint: 'See "sluice people ls" for who is known.',
    });
  };
  const read = (id: number): Person => {
    const row = database.first(withMailmapped(`${PEOPLE} WHERE people.id = ? GROUP BY people.id`), id);
    if (!row) throw new SluiceError('not_found', 'nobody has that e-mail any more');
    return toPerson(row);
  };

  return {
    async list(filter) {
      const { sql, params } = conditions(filter);
      const { after, limit } = filter;
      const place = after ? [-after.commits, after.name, after.email, after.id] : [];
      const having = after ? `HAVING ${AFTER}` : '';
      const page = `${PEOPLE} WHERE ${sql} GROUP BY people.id ${having} ${ORDER}`;
      return database.all(withMailmapped(page), ...params, ...place, limit).map(toPerson);
    },
    async count(filter) {
      const { sql, params } = conditions(filter);
      const row = database.first(`${COUNTED} WHERE ${sql}`, ...params);
      return row ? readInteger(row, 'people') : 0;
    },
    async merge(emails) {
      const wanted = checkedEmails(emails);
      return database.write(() => {
        const [first = ''] = wanted;
        const person = personOf(first);
        if (wanted.length < 2 && Number(database.statement(SHARED_BY).get(first)?.people) < 2)
          throw new SluiceError(
            'usage',
            'name two e-mails or more to merge, or one that several people have',
          );
        const before = wanted.map(personOf);
        const take = database.statement('UPDATE person_emails SET person_id = ? WHERE person_id = ?');
        for (const other of before) take.run(person, other);
        const add = database.statement(
          'INSERT INTO person_emails (email, person_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET person_id = excluded.person_id',
        );
        for (const email of wanted) add.run(email, person);
        database
          .statement(
            `UPDATE identities SET person_id = ?1
              WHERE mapped_email COLLATE NOCASE IN (SELECT email FROM person_emails WHERE person_id = ?1)`,
          )
          .run(person);
        return read(person);
      });
    },
    async split(emails) {
      const wanted = checkedEmails(emails);
      return database.write(() => {
        for (const email of wanted) {
          const row = database
            .statement('DELETE FROM person_emails WHERE email = ? RETURNING person_id AS id')
            .get(email);
          if (!row) throw new SluiceError('not_found', `"${email}" was not merged with anybody`);
          database.statement(OWN_PERSON).run(email);
          dropLastEmail(database, Number(row.id));
        }
      });
    },
    async mailmapsBehind(stationMailmap, afterRepositoryId, limit) {
      return database.all(BEHIND, stationMailmap, afterRepositoryId, limit).map(toMailmapBehind);
    },
    refuse: (refused, isRefused) =>
      database.write(() => {
        const change = database.statement(
          isRefused
            ? 'INSERT OR IGNORE INTO refused_merges (one, other) VALUES (?, ?)'
            : 'DELETE FROM refused_merges WHERE one = ? AND other = ?',
        );
        for (const { one, other } of refused) change.run(one, other);
      }),
    async refusals() {
      const rows = database.all('SELECT one, other FROM refused_merges ORDER BY one, other');
      return rows.map(row => ({ one: readText(row, 'one'), other: readText(row, 'other') }));
    },
    async setBot(email, bot) {
      const [wanted = ''] = checkedEmails([email]);
      return database.write(() => {
        const id = personOf(wanted);
        if (bot === null) database.statement(BY_PATTERNS).run(id);
        else
          database.statement('UPDATE people SET bot = ?, bot_by_hand = 1 WHERE id = ?').run(bot ? 1 : 0, id);
        return read(id);
      });
    },
  };
}

/** One e-mail alone is not merged with anything: its names are people of their own again. */
function dropLastEmail(database: Database, personId: number): void {
  const left = database.statement('SELECT email FROM person_emails WHERE person_id = ?').all(personId);
  if (left.length !== 1) return;
  const email = String(left[0]?.email);
  database.statement('DELETE FROM person_emails WHERE email = ?').run(email);
  database.statement(OWN_PERSON).run(email);
}

function conditions({ text: wanted, bots }: Pick<PeopleFilter, 'text' | 'bots'>): {
  readonly sql: string;
  readonly params: string[];
} {
  const sql = ['identities.commits > 0'];
  const params: string[] = [];
  if (bots !== undefined) sql.push(`people.bot = ${bots === 'only' ? 1 : 0}`);
  if (wanted !== undefined) {
    sql.push(
      `people.id IN (SELECT person_id FROM identities WHERE instr(lower(mapped_name || char(10) || mapped_email), lower(?)) > 0)`,
    );
    params.push(wanted);
  }
  return { sql: sql.join(' AND '), params };
}
