import { CATALOGUE, type ErrorCode } from '../../base/errors.ts';
import type { CollectorStatus } from '../../gather/capture/collectors/status.ts';
import { type HostHold, holdReason } from '../../gather/changesets/hosts/host-health.ts';
import type { InsightDatabase } from '../../insights/insight-database.ts';
import type { SqlRow } from '../../keep/store/store.ts';

/** Things that are stuck for the same reason. */
export interface Trouble {
  readonly kind: 'delivery' | 'repository' | 'changeset' | 'code host' | 'collector';
  /** Of deliveries: `failed` or `processing`; of repositories their state. */
  readonly stage: string | null;
  /** From the error catalogue, where the reason has a code. */
  readonly code: string | null;
  readonly count: number;
  /** One of them, in words. */
  readonly example: string;
  /** What to do about it. */
  readonly hint: string | null;
  /** ISO 8601. */
  readonly lastAt: string | null;
  /** It is tried again by itself. */
  readonly isWaiting: boolean;
}

export interface TroubleSources {
  readonly source: InsightDatabase;
  readonly changesets: { holds(): readonly HostHold[] };
  readonly captures: { status(): Promise<{ readonly collectors: readonly CollectorStatus[] }> };
}

/** With the columns of one aggregate, SQLite takes the others from the row that has the maximum. */
const DELIVERIES = `
  SELECT current_state AS stage, error_code AS code, error_message AS example, count(*) AS count, max(last_updated) AS last_at
  FROM file_records INDEXED BY file_records_by_state
  WHERE current_state IN ('failed', 'processing') AND error_code IS NOT NULL AND removed_at_ms IS NULL
  GROUP BY current_state, error_code`;
const REPOSITORIES = `
  SELECT state AS stage, NULL AS code, url || ': ' || coalesce(last_error, '') AS example, count(*) AS count,
         max(last_baked_at_ms) AS last_at
  FROM repositories WHERE state NOT IN ('ok', 'new') GROUP BY state`;
const CHANGESETS = `
  SELECT NULL AS stage, json_extract(last_error, '$.code') AS code, json_extract(last_error, '$.message') AS example,
         count(*) AS count, max(last_sync_at_ms) AS last_at
  FROM changesets WHERE last_error IS NOT NULL AND (SELECT sum(failing) FROM changeset_totals) > 0 GROUP BY 2`;

/** What is stuck now, grouped by its cause, most first: those that a person must see to before those that are tried again. Throws `database_*`. */
export async function findTroubles({ source, changesets, captures }: TroubleSources): Promise<Trouble[]> {
  const [deliveries, repositories, failing, { collectors }] = await Promise.all([
    source.query(DELIVERIES),
    source.query(REPOSITORIES),
    source.query(CHANGESETS),
    captures.status(),
  ]);
  const found = [
    ...deliveries.map(row => fromRow('delivery', row, row.stage === 'processing')),
    ...repositories.map(row => fromRow('repository', row, true)),
    ...failing.map(row => fromRow('changeset', row, true)),
    ...changesets.holds().map(fromHold),
    ...collectors.flatMap(fromCollector),
  ];
  return found.sort((one, two) => Number(one.isWaiting) - Number(two.isWaiting) || two.count - one.count);
}

function fromRow(kind: Trouble['kind'], row: SqlRow, isWaiting: boolean): Trouble {
  const code = row.code === null ? null : String(row.code);
  return {
    ...{ kind, code, isWaiting },
    stage: row.stage === null ? null : String(row.stage),
    count: Number(row.count),
    example: String(row.example ?? ''),
    hint: code !== null && code in CATALOGUE ? CATALOGUE[code as ErrorCode].remedy : null,
    lastAt: typeof row.last_at === 'number' ? new Date(row.last_at).toISOString() : textOrNull(row.last_at),
  };
}

function textOrNull(value: SqlRow[string] | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}

function fromHold(hold: HostHold): Trouble {
  const { host, hint } = hold;
  const example = `${host}: ${holdReason(hold)}`;
  return {
    kind: 'code host',
    stage: hold.kind,
    code: null,
    count: 1,
    example,
    hint,
    lastAt: null,
    isWaiting: false,
  };
}

/** A collector whose last try was an error. */
function fromCollector({ name, disabled, lastError, lastReadingAtMs }: CollectorStatus): Trouble[] {
  if (disabled || lastError === null || lastError.atMs < (lastReadingAtMs ?? 0)) return [];
  const lastAt = new Date(lastError.atMs).toISOString();
  const example = `${name}: ${lastError.message}`;
  return [
    { kind: 'collector', stage: null, code: null, count: 1, example, hint: null, lastAt, isWaiting: true },
  ];
}
