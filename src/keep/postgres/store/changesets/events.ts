import type { ChangesetStore, StoredEvent } from '../../../store/changesets.ts';
import { toEvent } from '../../../store/rows/changesets.ts';
import type { TransactionalExecutor } from '../../executor.ts';

const ADD = `
  INSERT INTO changeset_events (changeset_id, host_id, kind, host_kind, at_ms, place, actor, actor_is_bot, review,
    commit_hash, check_name, check_state, subject)
  SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::integer[], $7::text[], $8::integer[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
  ON CONFLICT (changeset_id, host_id) DO NOTHING RETURNING host_id`;
const IN_ORDER = `
  SELECT * FROM changeset_events WHERE changeset_id = $1 AND (at_ms, place, host_id) > ($3, $4, $5)
   ORDER BY at_ms, place, host_id LIMIT $2`;
/** Rows a statement. */
const CHUNK = 1000;

export function eventMethods(database: TransactionalExecutor): Pick<ChangesetStore, 'events' | 'addEvents'> {
  return {
    async events(id, page) {
      const { atMs = Number.MIN_SAFE_INTEGER, order = 0, id: hostId = '' } = page?.after ?? {};
      const values = [id, page?.limit ?? null, atMs, order, hostId];
      return (await database.query(IN_ORDER, values)).map(toEvent);
    },
    async addEvents(id, events) {
      const added: StoredEvent[] = [];
      for (let from = 0; from < events.length; from += CHUNK) {
        added.push(...(await add(database, id, events.slice(from, from + CHUNK))));
      }
      return added;
    },
  };
}

async function add(
  database: TransactionalExecutor,
  id: number,
  events: readonly StoredEvent[],
): Promise<StoredEvent[]> {
  const rows = await database.transaction(transaction =>
    transaction.query(ADD, [
      id,
      events.map(event => event.id),
      events.map(({ kind }) => kind),
      events.map(({ hostKind }) => hostKind),
      events.map(({ atMs }) => atMs),
      events.map(({ order }) => order),
      events.map(({ actor }) => actor),
      events.map(({ actorIsBot }) => Number(actorIsBot)),
      events.map(({ review }) => review),
      events.map(({ commit }) => commit),
      events.map(({ checkName }) => checkName),
      events.map(({ checkState }) => checkState),
      events.map(({ subject }) => subject),
    ]),
  );
  const fresh = new Set(rows.map(row => String(row.host_id)));
  // Of those that came twice the first.
  return events.filter(event => fresh.delete(event.id));
}
