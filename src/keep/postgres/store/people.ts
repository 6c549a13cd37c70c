import { SluiceError } from '../../../base/errors.ts';
import type { PeopleFilter, PeopleStore, Person } from '../../store/people.ts';
import { readInteger, readText } from '../../store/rows/columns.ts';
import { checkedEmails, toMailmapBehind, toPerson } from '../../store/rows/people.ts';
import type { SqlExecutor, TransactionalExecutor } from '../executor.ts';
import type { Parameter } from '../parameters.ts';
import { lockName } from './lock.ts';

const PEOPLE = `
  SELECT people.id, people.name, people.email, people.bot, people.bot_by_hand, sum(identities.commits) AS commits,
         (SELECT string_agg(email, E'\\n' ORDER BY lower(email)) FROM person_emails
           WHERE person_id = people.id AND lower(email) <> lower(people.email)) AS merged
    FROM identities JOIN people ON people.id = identities.person_id`;
/** What it takes is made for those of a page alone. */
const withMailmapped = (page: string): string => `
  SELECT page.*, (SELECT string_agg(DISTINCT lower(email), E'\\n') FROM identities
                   WHERE person_id = page.id AND lower(email) <> lower(mapped_email)) AS mailmapped
    FROM (${page}) AS page ORDER BY commits DESC, name, email, id`;
/** The station's part of a name stands behind the plus sign (`mailmapName`). */
const BEHIND = `
  SELECT repositories.id AS repository_id, content
    FROM repositories LEFT JOIN mailmaps ON mailmaps.repository_id = repositories.id
   WHERE repositories.id > $2 AND last_baked_at_ms IS NOT NULL AND split_part(mailmap_hash, '+', 2) <> $1
   ORDER BY repositories.id LIMIT $3`;
const COUNTED = `SELECT count(DISTINCT people.id) AS people
    FROM identities JOIN people ON people.id = identities.person_id`;
const ORDER = 'ORDER BY commits DESC, people.name, people.email, people.id';
const SAME = 'lower(mapped_email) = lower($1 COLLATE "C")';
const BY_EMAIL = `
  SELECT people.id FROM people JOIN identities ON identities.person_id = people.id WHERE ${SAME}
   GROUP BY people.id ORDER BY sum(identities.commits) DESC, people.id LIMIT 1`;
const SHARED_BY = `SELECT count(DISTINCT person_id) AS people FROM identities WHERE ${SAME}`;
const OWN_PERSON = `
  UPDATE identities SET person_id = (SELECT id FROM people
    WHERE text_key(name, email) = text_key(identities.mapped_name, identities.mapped_email)) WHERE ${SAME}`;
const TAKE = 'UPDATE person_emails SET person_id = $1 WHERE person_id = ANY($2::bigint[])';
const MERGE = `
  INSERT INTO person_emails (email, person_id) SELECT email, $1 FROM unnest($2::text[]) AS given (email)
  ON CONFLICT ((lower(email))) DO UPDATE SET person_id = excluded.person_id`;
const OF_MERGED = `
  UPDATE identities SET person_id = $1
   WHERE lower(mapped_email) IN (SELECT lower(email) FROM person_emails WHERE person_id = $1)`;
const SPLIT =
  'DELETE FROM person_emails WHERE lower(email) = lower($1 COLLATE "C") RETURNING person_id AS id';
const BY_PATTERNS = 'UPDATE people SET bot_by_hand = 0, bot = is_bot(name, email) WHERE id = $1';
const BY_HAND = 'UPDATE people SET bot = $2, bot_by_hand = 1 WHERE id = $1';

/** `PeopleStore` on Postgres. A trigger gives every identity its person; see the migration. */
export function createPeopleStore(database: TransactionalExecutor): PeopleStore {
  /** What people change by hand goes one after the other. */
  const change = <T>(make: (transaction: SqlExecutor) => Promise<T>): Promise<T> =>
    database.transaction(async transaction => {
      await lockName(transaction, 'people');
      return make(transaction);
    });

  return {
    async list(filter) {
      const { after, limit } = filter;
      const values: Parameter[] = [limit];
      if (after) values.push(-after.commits, after.name, after.email, after.id);
      const having = after
        ? 'HAVING (-sum(identities.commits), people.name, people.email, people.id) > ($2, $3, $4, $5)'
        : '';
      const where = conditions(filter, values);
      const sql = `${PEOPLE} WHERE ${where} GROUP BY people.id ${having} ${ORDER} LIMIT $1`;
      const rows = await database.query(withMailmapped(sql), values);
      return rows.map(toPerson);
    },
    async count(filter) {
      const values: Parameter[] = [];
      const where = conditions(filter, values);
      const row = await database.first(`${COUNTED} WHERE ${where}`, values);
      return row ? readInteger(row, 'people') : 0;
    },
    async merge(emails) {
      const wanted = checkedEmails(emails);
      return change(async transaction => {
        const [first = ''] = wanted;
        const person = await personOf(transaction, first);
        const shared = await transaction.first(SHARED_BY, [first]);
        if (wanted.length < 2 && Number(shared?.people) < 2)
          throw new SluiceError(
            'usage',
            'name two e-mails or more to merge, or one that several people have',
          );
        const others: number[] = [];
        for (const email of wanted) others.push(await personOf(transaction, email));
        await transaction.execute(TAKE, [person, others]);
        await transaction.execute(MERGE, [person, wanted]);
        await transaction.execute(OF_MERGED, [person]);
        return read(transaction, person);
      });
    },
    async split(emails) {
      const wanted = checkedEmails(emails);
      await change(async transaction => {
        for (const email of wanted) {
          const row = await transaction.first(SPLIT, [email]);
          if (!row) throw new SluiceError('not_found', `"${email}" was not merged with anybody`);
          await transaction.execute(OWN_PERSON, [email]);
          await dropLastEmail(transaction, Number(row.id));
        }
      });
    },
    async mailmapsBehind(stationMailmap, afterRepositoryId, limit) {
      const rows = await database.query(BEHIND, [stationMailmap, afterRepositoryId, limit]);
      return rows.map(toMailmapBehind);
    },
    async refuse(refused, isRefused) {
      const sql = isRefused
        ? `INSERT INTO refused_merges (one, other) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`
        : `DELETE FROM refused_merges USING unnest($1::text[], $2::text[]) AS given (one, other)
            WHERE refused_merges.one = given.one AND refused_merges.other = given.other`;
      await change(transaction =>
        transaction.execute(sql, [refused.map(({ one }) => one), refused.map(({ other }) => other)]),
      );
    },
    async refusals() {
      const rows = await database.query('SELECT one, other FROM refused_merges ORDER BY one, other');
      return rows.map(row => ({ one: readText(row, 'one'), other: readText(row, 'other') }));
    },
    async setBot(email, bot) {
      const [wanted = ''] = checkedEmails([email]);
      return change(async transaction => {
        const id = await personOf(transaction, wanted);
        if (bot === null) await transaction.execute(BY_PATTERNS, [id]);
        else await transaction.execute(BY_HAND, [id, bot ? 1 : 0]);
        return read(transaction, id);
      });
    },
  };
}

async function personOf(executor: SqlExecutor, email: string): Promise<number> {
  const row = await executor.first(BY_EMAIL, [email]);
  if (row) return Number(row.id);
  throw new SluiceError('not_found', `nobody has the e-mail "${email}"`, {
    hint: 'See "sluice people ls" for who is known.',
  });
}

async function read(executor: SqlExecutor, id: number): Promise<Person> {
  const row = await executor.first(withMailmapped(`${PEOPLE} WHERE people.id = $1 GROUP BY people.id`), [id]);
  if (!row) throw new SluiceError('not_found', 'nobody has that e-mail any more');
  return toPerson(row);
}

/** One e-mail alone is not merged with anything: its names are people of their own again. */
async function dropLastEmail(transaction: SqlExecutor, personId: number): Promise<void> {
  const left = await transaction.query('SELECT email FROM person_emails WHERE person_id = $1', [personId]);
  if (left.length !== 1) return;
  const email = String(left[0]?.email);
  await transaction.query(SPLIT, [email]);
  await transaction.execute(OWN_PERSON, [email]);
}

function conditions({ text, bots }: Pick<PeopleFilter, 'text' | 'bots'>, values: Parameter[]): string {
  const sql = ['identities.commits > 0'];
  if (bots !== undefined) sql.push(`people.bot = ${bots === 'only' ? 1 : 0}`);
  if (text !== undefined) {
    values.push(text);
    sql.push(
      `people.id IN (SELECT person_id FROM identities
         WHERE strpos(lower(mapped_name || E'\\n' || mapped_email), lower($${values.length} COLLATE "C")) > 0)`,
    );
  }
  return sql.join(' AND ');
}
