import { type ErrorDetails, SluiceError } from '../../base/errors.ts';
import { systemFailureOf } from '../../base/system-errors.ts';
import { oneLine } from '../../base/text.ts';

/**
 * What a failed call of a Postgres client says (postgresql.org/docs/current/errcodes-appendix.html).
 *
 * - `lost`: the connection, or the server as a whole: whatever was under way is undone, and another connection may do it.
 * - `closed`: it takes no changes, as a standby takes none: nothing was done, and it may be done again once it does.
 * - `again`: this transaction met another one; it may be made again at once.
 * - `late`: the server took longer than we let it.
 * - `full`: no room left where the server keeps its data.
 * - `refused`: it does not let us in, denies us a right, or has a certificate that we may not trust.
 * - `stale`: a plan that the connection keeps is of tables that have changed: on another connection the same may be done.
 * - `gone`: the schema, or a table of it, is not there.
 * - `other`: nothing that we know.
 */
export type PostgresFailure =
  | 'lost'
  | 'closed'
  | 'again'
  | 'late'
  | 'full'
  | 'refused'
  | 'stale'
  | 'gone'
  | 'other';

/** By whole code, else by its class, the first two characters. */
const BY_CODE: Readonly<Record<string, PostgresFailure>> = {
  '40001': 'again', // serialization_failure
  '40P01': 'again', // deadlock_detected
  '55P03': 'again', // lock_not_available
  '57014': 'late', // query_canceled: by statement_timeout
  '57P01': 'lost', // admin_shutdown
  '57P02': 'lost', // crash_shutdown
  '57P03': 'lost', // cannot_connect_now: it starts, or stops
  '57P05': 'lost', // idle_session_timeout
  '25P03': 'lost', // idle_in_transaction_session_timeout
  '25P04': 'lost', // transaction_timeout
  '25006': 'closed', // read_only_sql_transaction
  '53300': 'lost', // too_many_connections
  '53100': 'full',
  '42501': 'refused', // insufficient_privilege
  '3D000': 'refused', // there is no such database
  '3F000': 'gone', // invalid_schema_name
  '42P01': 'gone', // undefined_table
  '08': 'lost',
  '28': 'refused',
  '53': 'late', // out of memory, configuration limits
};

/** What node-postgres itself says, which gives no code. */
const LOST =
  /connection terminated|connection ended|not queryable|connection error|cannot use a pool|timeout exceeded when trying/i;
const STALE = /cached plan must not change result type|prepared statement .* does not exist/i;
const LATE = /query read timeout/i;
export const NO_TLS = /server does not support SSL/i;

export function failureOf(error: unknown): PostgresFailure {
  const code = codeOf(error);
  if (code !== undefined && STALE.test((error as Error).message)) return 'stale';
  if (code !== undefined) return BY_CODE[code] ?? BY_CODE[code.slice(0, 2)] ?? 'other';
  if (isCertificate(error)) return 'refused';
  if (systemFailureOf(error) !== undefined || isTls(error)) return 'lost';
  const message = error instanceof Error ? error.message : '';
  if (LATE.test(message)) return 'late';
  return LOST.test(message) ? 'lost' : 'other';
}

/** Whether a row was to be stored a second time. */
export function isDouble(error: unknown): boolean {
  const cause = error instanceof SluiceError ? error.cause : error;
  return cause instanceof Error && codeOf(cause) === '23505';
}

/** SQLSTATE; undefined for what the server did not say. */
function codeOf(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && severity !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The server's certificate is not one that we were told to trust (nodejs.org/api/tls.html#x509-certificate-error-codes). */
function isCertificate(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    typeof code === 'string' && /^(ERR_TLS_CERT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_)/.test(code)
  );
}

function isTls(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(ERR_TLS|ERR_SSL)/.test(code);
}

/** Gives a failure its code of ours. @param place names the database, without secrets */
export function asDatabaseError(error: unknown, operation: string, place: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const details: ErrorDetails = { operation, subject: place, cause: error };
  const words = wordsOf(error);
  switch (failureOf(error)) {
    case 'lost':
      return new SluiceError('database_unreachable', `${place} is not reached: ${words}`, details);
    case 'closed':
      return takesNoChanges(details);
    case 'again':
    case 'stale':
      return new SluiceError(
        'database_busy',
        `${place}: others keep changing the same rows: ${words}`,
        details,
      );
    case 'late':
      return new SluiceError('database_busy', `${place} does not answer in time: ${words}`, details);
    case 'full':
      return new SluiceError('database_full', `${place} has no room left: ${words}`, details);
    case 'refused':
      return new SluiceError('database_refused', `${place} refuses: ${words}`, details);
    case 'gone':
      return tablesGone(`${place}: ${words}`, details);
    default:
      return new SluiceError('database_failed', `${place}: ${operation}: ${words}`, details);
  }
}

/** The server is up, and somebody has it take no changes. `subject` is the place. */
export function takesNoChanges(details: ErrorDetails): SluiceError {
  const message = `${details.subject} takes no changes: it is read only, or a standby`;
  const hint =
    'It goes on by itself once the server takes changes again, or the name leads to one that does: see default_transaction_read_only, and pg_is_in_recovery().';
  return new SluiceError('database_unreachable', message, { ...details, hint });
}

/** The tables of a schema that was in use are not there. */
export function tablesGone(message: string, details: ErrorDetails): SluiceError {
  const hint =
    'Bring the tables back from a backup; or start the station again, which makes them anew, empty.';
  return new SluiceError('database_failed', message, { ...details, hint });
}

/** The far side's own words with its code; a connection tried at several addresses fails with several errors in one. */
function wordsOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const message = first instanceof Error ? first.message : String(first);
  const code = codeOf(first);
  return oneLine(code === undefined ? message : `${message} (${code})`);
}
