import { SluiceError } from '../../../base/errors.ts';
import { type KnownStation, SILENT_AFTER_MS, type StationHoldings, type StationSign } from '../stations.ts';
import { readInteger, readText, readTextOrNull, type SqlRow } from './columns.ts';

/** A row of `stations` with `silent_ms`. */
export function toKnownStation(row: SqlRow): KnownStation {
  const silentMs = Math.max(0, readInteger(row, 'silent_ms'));
  const hasLeft = readInteger(row, 'has_left') === 1;
  return {
    id: readText(row, 'id'),
    name: readText(row, 'name'),
    host: readText(row, 'host'),
    version: readText(row, 'version'),
    url: readTextOrNull(row, 'url'),
    startedAtMs: readInteger(row, 'started_at_ms'),
    holds: JSON.parse(readText(row, 'holds')) as StationHoldings,
    silentMs,
    isSilent: hasLeft || silentMs > SILENT_AFTER_MS,
    hasLeft,
  };
}

/** Says that a station's id is used twice. */
export function anotherRun({ name }: Pick<StationSign, 'name'>): SluiceError {
  return new SluiceError('station_running', `another process has begun to run as station ${name}`, {
    operation: 'sign of life',
    subject: name,
    hint: 'If its root is a copy of another station\'s, remove the file "station-id" in it.',
  });
}
