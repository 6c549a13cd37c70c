import type { DatabaseSync } from 'node:sqlite';
import { SluiceError } from '../../base/errors.ts';
import { sql as repositories } from './migrations/0001-repositories.ts';
import { sql as schedule } from './migrations/0002-schedule.ts';
import { sql as journal } from './migrations/0003-journal.ts';
import { sql as cache } from './migrations/0004-cache.ts';
import { sql as tracking } from './migrations/0005-tracking.ts';
import { sql as insights } from './migrations/0006-insights.ts';
import { sql as changesets } from './migrations/0007-changesets.ts';
import { sql as capture } from './migrations/0008-capture.ts';
import { sql as answers } from './migrations/0009-answers.ts';
import { sql as learnedBudgets } from './migrations/0010-learned-budgets.ts';
import { sql as proven } from './migrations/0011-proven.ts';
import { sql as unseenParts } from './migrations/0012-unseen-parts.ts';
import { sql as sent } from './migrations/0013-sent.ts';
import { sql as departures } from './migrations/0014-departures.ts';
import { sql as whichContent } from './migrations/0015-which-content.ts';
import { sql as messages } from './migrations/0016-messages.ts';
import { sql as errorClass } from './migrations/0017-error-class.ts';
import { sql as causes } from './migrations/0018-causes.ts';
import { sql as copied } from './migrations/0019-copied.ts';
import { sql as dropped } from './migrations/0020-dropped.ts';
import { sql as stations } from './migrations/0021-stations.ts';
import { sql as entered } from './migrations/0022-entered.ts';
import { sql as alerts } from './migrations/0023-alerts.ts';
import { sql as pauses } from './migrations/0024-pauses.ts';
import { sql as rates } from './migrations/0025-rates.ts';
import { sql as lives } from './migrations/0026-lives.ts';
import { sql as hooks } from './migrations/0027-hooks.ts';
import { sql as mounts } from './migrations/0028-mounts.ts';
import { sql as captureTotals } from './migrations/0029-capture-totals.ts';
import { sql as adopts } from './migrations/0030-adopts.ts';
import { sql as failingTargets } from './migrations/0031-failing-targets.ts';
import { sql as refusedMerges } from './migrations/0032-refused-merges.ts';
import { sql as completedTotal } from './migrations/0033-completed-total.ts';
import { sql as orders } from './migrations/0034-orders.ts';
import { sql as lists } from './migrations/0035-lists.ts';
import { sql as mailmaps } from './migrations/0037-mailmaps.ts';
import { sql as texts } from './migrations/0038-texts.ts';

/** In order; a migration that has been released never changes. `user_version` counts those applied. */
export const MIGRATIONS: readonly string[] = [
  repositories,
  schedule,
  journal,
  cache,
  tracking,
  insights,
  changesets,
  capture,
  answers,
  learnedBudgets,
  proven,
  unseenParts,
  sent,
  departures,
  whichContent,
  messages,
  errorClass,
  causes,
  copied,
  dropped,
  stations,
  entered,
  alerts,
  pauses,
  rates,
  lives,
  hooks,
  mounts,
  captureTotals,
  adopts,
  failingTargets,
  refusedMerges,
  completedTotal,
  orders,
  lists,
  mailmaps,
  texts,
];

/** "slui": tells a sluice database from any other SQLite file (SQLite's `application_id`). */
const APPLICATION_ID = 0x736c7569;

function pragma(connection: DatabaseSync, name: string): number {
  return Number(Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

/**
 * Brings the schema up to date in one transaction. May be called on every open, by several processes at once.
 * Throws `database_newer` for one written by a later version, `database_invalid` for somebody else's file.
 */
export function migrate(connection: DatabaseSync, path: string): void {
  if (pragma(connection, 'user_version') === MIGRATIONS.length && isOurs(connection)) return;
  connection.exec('BEGIN IMMEDIATE');
  try {
    const version = pragma(connection, 'user_version');
    const tables = Number(connection.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n);
    if (!isOurs(connection) && (version !== 0 || tables !== 0)) {
      throw new SluiceError('database_invalid', `${path} is a SQLite database of some other program`);
    }
    if (version > MIGRATIONS.length) {
      const message = `${path} has schema ${version}; this sluice knows up to ${MIGRATIONS.length}`;
      throw new SluiceError('database_newer', message);
    }
    for (const sql of MIGRATIONS.slice(version)) connection.exec(sql);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length};`);
    connection.exec('COMMIT');
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

function isOurs(connection: DatabaseSync): boolean {
  return pragma(connection, 'application_id') === APPLICATION_ID;
}
