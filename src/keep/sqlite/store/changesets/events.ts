import type { ChangesetStore, StoredEvent } from '../../../store/changesets.ts';
import { toEvent } from '../../../store/rows/changesets.ts';
import type { Database } from '../../database.ts';

const ADD = `
  INSERT INTO changeset_events (changeset_id, host_id, kind, host_kind, at_ms, place, actor, actor_is_bot, review,
    commit_hash, check_name, check_state, subject)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (changeset_id, host_id) DO NOTHING`;
const IN_ORDER = `
  SELECT * FROM changeset_events WHERE changeset_id = ? AND (at_ms, place, host_id) > (?, ?, ?)
   ORDER BY at_ms, place, host_id LIMIT ?`;
/** Rows a transaction: the event loop stands still for one. */
const CHUNK = 500;

export function eventMethods(database: Database): Pick<ChangesetStore, 'events' | 'addEvents'> {
  return {
    async events(id, { after, limit } = { limit: -1 }) {
      const { atMs = Number.MIN_SAFE_INTEGER, order = 0, id: hostId = '' } = after ?? {};
      return database.all(IN_ORDER, id, atMs, order, hostId, limit).map(toEvent);
    },
    async addEvents(id, events) {
      const added: StoredEvent[] = [];
      for (let from = 0; from < events.length; from += CHUNK) {
        const chunk = events.slice(from, from + CHUNK);
        added.push(...(await database.write(() => add(database, id, chunk))));
      }
      return added;
    },
  };
}

function add(database: Database, id: number, events: readonly StoredEvent[]): StoredEvent[] {
  const statement = database.statement(ADD);
  const added: StoredEvent[] = [];
  for (const event of events) {
    const { kind, hostKind, atMs, order, actor, actorIsBot, review, commit } = event;
    const { changes } = statement.run(
      id,
      event.id,
      kind,
      hostKind,
      atMs,
      order,
      actor,
      Number(actorIsBot),
      review,
      commit,
      event.checkName,
      event.checkState,
      event.subject,
    );
    if (Number(changes) > 0) added.push(event);
  }
  return added;
}
