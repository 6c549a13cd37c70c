import type { FileRecord, RecordFilter } from '../../../local/journal.ts';
import type { Database } from '../../database.ts';
import { toRecord } from './rows.ts';

const DEFAULT_LIMIT = 100;

/** Records that fit, newest first. */
export function listRecords(database: Database, filter: RecordFilter): FileRecord[] {
  const conditions: string[] = ['1'];
  const values: (string | number)[] = [];
  const add = (condition: string, ...added: (string | number)[]): void => {
    conditions.push(condition);
    values.push(...added);
  };
  if (filter.states) add(`current_state IN (${filter.states.map(() => '?').join(', ')})`, ...filter.states);
  if (filter.profile !== undefined) add('profile = ?', filter.profile);
  if (filter.bucket !== undefined) add('bucket = ?', filter.bucket);
  if (filter.text !== undefined) {
    add(
      `profile || '/' || bucket || '/' || filepath LIKE ? ESCAPE '\\'`,
      `%${filter.text.replace(/[\\%_]/g, '\\$&')}%`,
    );
  }
  if (filter.errorCode !== undefined) add('error_code = ?', filter.errorCode);
  if (filter.beforeId !== undefined) add('id < ?', filter.beforeId);
  if (filter.present) add('removed_at_ms IS NULL');
  return database
    .all(
      `SELECT * FROM file_records WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`,
      ...values,
      filter.limit ?? DEFAULT_LIMIT,
    )
    .map(toRecord);
}
