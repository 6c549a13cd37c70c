import { type KnownStation, SILENT_AFTER_MS, type StationHoldings } from '../stations.ts';
import { readInteger, readText, readTextOrNull, type SqlRow } from './columns.ts';

/** A row of `stations` with `silent_ms`. */
export function toKnownStation(row: SqlRow): KnownStation {
  const silentMs = Math.max(0, readInteger(row, 'silent_ms'));
  return {
    id: readText(row, 'id'),
    name: readText(row, 'name'),
    host: readText(row, 'host'),
    version: readText(row, 'version'),
    url: readTextOrNull(row, 'url'),
    startedAtMs: readInteger(row, 'started_at_ms'),
    holds: JSON.parse(readText(row, 'holds')) as StationHoldings,
    silentMs,
    isSilent: readInteger(row, 'has_left') === 1 || silentMs > SILENT_AFTER_MS,
  };
}
