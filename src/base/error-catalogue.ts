/**
 * Every failure that a person may see has a code from this catalogue. Adapters label what went wrong
 * (`retry`), the engine decides what follows; the command line takes its exit code and the HTTP API its
 * status from here. `docs/reference/errors.md` is generated from this table and a test holds the two together.
 */

/**
 * What trying again would bring: `permanent` the same failure, `transient` perhaps success, `cancelled`
 * that somebody asked for the work to stop.
 */
export type RetryClass = 'permanent' | 'transient' | 'cancelled';

interface CatalogueEntry {
  readonly retry: RetryClass;
  /** Exit code of a command that ends with it: 1 something failed, 2 usage. */
  readonly exitCode: 1 | 2;
  /** HTTP status of an answer that carries it. */
  readonly status: number;
  /** One sentence for the reference page. */
  readonly meaning: string;
  /** What a person can do about it; an error's own hint is preferred where there is one. */
  readonly remedy: string;
}

const entry = (
  retry: RetryClass,
  exitCode: 1 | 2,
  status: number,
  meaning: string,
  remedy: string,
): CatalogueEntry => ({ retry, exitCode, status, meaning, remedy });

export const CATALOGUE = {
  usage: entry(
    'permanent',
    2,
    400,
    'A command, option or request is not of the form it must have.',
    'Read --help.',
  ),
  config_invalid: entry(
    'permanent',
    2,
    500,
    'The configuration file has faults; all are listed.',
    'Mend the lines named, then try "sluice config check".',
  ),
  body_invalid: entry(
    'permanent',
    2,
    400,
    'A request body is not the JSON it should be.',
    'Compare it with the OpenAPI document.',
  ),
  body_too_large: entry(
    'permanent',
    2,
    413,
    'A request body is larger than the server reads.',
    'Send less at once.',
  ),
  unauthorized: entry(
    'permanent',
    2,
    401,
    'The API token is missing or wrong.',
    'Send it as "Authorization: Bearer …".',
  ),
  host_refused: entry(
    'permanent',
    2,
    421,
    'The Host header names a server that this is not.',
    'Use the address that the station prints, or list the name under server.hosts.',
  ),
  not_found: entry('permanent', 1, 404, 'There is no such thing here.', 'Check the name.'),
  method_not_allowed: entry(
    'permanent',
    2,
    405,
    'That path does not take this method.',
    'Use a method from the Allow header.',
  ),
  url_invalid: entry(
    'permanent',
    2,
    422,
    'Not a repository URL or path that sluice understands.',
    'Give https://, http://, ssh://, git://, user@host:path, or (on the command line) a path.',
  ),
  url_refused: entry(
    'permanent',
    2,
    422,
    'The URL is well-formed but not allowed here.',
    'See git.allowPrivateAddresses and git.allowPaths in sluice.yaml.',
  ),
  url_has_credentials: entry(
    'permanent',
    2,
    422,
    'The URL carries a password or token.',
    'Take it out of the URL; put it under hosts.<name>.token in sluice.yaml or use an ssh URL.',
  ),
  git_missing: entry(
    'permanent',
    1,
    500,
    'No git program was found.',
    'Install git 2.31 or newer and put it on the PATH.',
  ),
  git_too_old: entry(
    'permanent',
    1,
    500,
    'The git program found is older than 2.31.',
    'Install a newer git and put it first on the PATH.',
  ),
  answer_too_large: entry(
    'permanent',
    1,
    502,
    'The far side sent more than sluice takes of such a thing.',
    'Nothing to do here; what was too large has been left out.',
  ),
  git_failed: entry(
    'transient',
    1,
    502,
    'git failed in a way that sluice has no better word for.',
    'Read its message, which follows.',
  ),
  not_a_repository: entry(
    'permanent',
    1,
    422,
    'There is no git repository at that place.',
    'Check the URL or path; private repositories need credentials.',
  ),
  authentication_required: entry(
    'permanent',
    1,
    422,
    'The host wants credentials or refuses the ones it got.',
    'Set hosts.<name>.token in sluice.yaml, or use an ssh URL with a key in the agent.',
  ),
  repository_moved: entry(
    'permanent',
    1,
    422,
    'The host redirects to another address; redirects are not followed.',
    'Use the address that it redirects to.',
  ),
  host_unknown: entry(
    'transient',
    1,
    502,
    'The host name has no address.',
    'Check the spelling and the network.',
  ),
  host_unreachable: entry(
    'transient',
    1,
    502,
    'Nothing answered at the host.',
    'Check the network, the port and whether the host is up.',
  ),
  host_failing: entry(
    'transient',
    1,
    502,
    'The host answered with an error of its own (HTTP 429 or 5xx).',
    'Try again later; see the status page of the host.',
  ),
  host_key_unknown: entry(
    'permanent',
    1,
    422,
    'The ssh key of the host is not known here, or it has changed.',
    'Compare the key and add it to known_hosts (ssh-keyscan).',
  ),
  tls_failed: entry(
    'permanent',
    1,
    502,
    'No TLS connection: the certificate is not trusted, or the port speaks something else.',
    'Check address and port; a certificate authority of your own is added with GIT_SSL_CAINFO (git) or NODE_EXTRA_CA_CERTS (S3).',
  ),
  repository_not_owned: entry(
    'permanent',
    1,
    422,
    'The repository on this disk belongs to another user.',
    'Run sluice as its owner, or change the owner.',
  ),
  connection_lost: entry(
    'transient',
    1,
    502,
    'The connection broke in the middle.',
    'Try again; nothing half-done was kept.',
  ),
  timed_out: entry(
    'transient',
    1,
    504,
    'Nothing was heard for longer than the time-out.',
    'Try again, or raise the time-out in sluice.yaml.',
  ),
  disk_full: entry(
    'transient',
    1,
    507,
    'The disk has no room left.',
    'Free some space; what was being written has been removed.',
  ),
  disk_failed: entry(
    'transient',
    1,
    500,
    'The file system refused to read or write.',
    'Check permissions and the disk.',
  ),
  repository_corrupt: entry(
    'permanent',
    1,
    502,
    'Objects of the repository are missing or damaged.',
    'Run "git fsck" at the remote.',
  ),
  database_newer: entry(
    'permanent',
    1,
    500,
    'The database was written by a newer sluice.',
    'Upgrade, or name another file with --database.',
  ),
  database_invalid: entry(
    'permanent',
    1,
    500,
    'The file is not a sluice database or is damaged.',
    'Name another file with --database, or restore a backup.',
  ),
  database_busy: entry(
    'transient',
    1,
    503,
    'Another process kept the database locked for too long.',
    'Try again; see which process holds it.',
  ),
  station_running: entry(
    'permanent',
    1,
    409,
    'Another station already runs on this root or database.',
    'Stop it, or give --root and --database of its own.',
  ),
  port_in_use: entry(
    'permanent',
    1,
    500,
    'Something else listens on that address.',
    'Stop it, or choose another port with --port.',
  ),
  stopping: entry(
    'cancelled',
    1,
    503,
    'The station is stopping and takes no new work.',
    'Try again once it is back.',
  ),
  cancelled: entry('cancelled', 1, 503, 'The work was stopped on request.', 'Start it again when wanted.'),
  lease_lost: entry(
    'cancelled',
    1,
    409,
    'Another worker took the work over because this one was silent too long.',
    'Nothing to do.',
  ),
  credentials_missing: entry(
    'permanent',
    2,
    500,
    'No credentials file was found.',
    'Name one with --credentials FILE; "sluice help credentials" shows its form.',
  ),
  credentials_invalid: entry(
    'permanent',
    2,
    500,
    'The credentials file has faults; all are listed.',
    'Mend the profiles named.',
  ),
  bucket_missing: entry(
    'permanent',
    1,
    404,
    'The bucket does not exist at its provider.',
    'Create it, or correct the folder name; its files wait where they are.',
  ),
  bucket_auth_failed: entry(
    'permanent',
    1,
    502,
    'The object store does not know the access key or refuses its signature.',
    'Check the key, the secret and the region of the profile.',
  ),
  access_denied: entry(
    'permanent',
    1,
    502,
    'The access key is valid but may not do this.',
    'Grant it the permission named, or use another key.',
  ),
  clock_skew: entry(
    'permanent',
    1,
    502,
    "This machine's clock and the object store's are too far apart.",
    'Set the clock (NTP).',
  ),
  region_wrong: entry(
    'permanent',
    1,
    502,
    'The bucket lies in another region or at another endpoint.',
    'Set the region and endpoint of the profile as the message says.',
  ),
  object_missing: entry('permanent', 1, 404, 'There is no object of that key.', 'Check the key.'),
  object_exists: entry(
    'permanent',
    1,
    409,
    'There is an object of that key already, and it was not to be replaced.',
    'Choose another key, or allow replacing.',
  ),
  key_invalid: entry(
    'permanent',
    2,
    422,
    'The object key or bucket name cannot be stored.',
    'Rename the file as the message says.',
  ),
  object_too_large: entry('permanent', 1, 422, 'The object is larger than the store takes.', 'Split it.'),
  request_refused: entry(
    'permanent',
    1,
    502,
    'The object store refused the request as invalid.',
    'Read its message; "sluice doctor" may tell more.',
  ),
  not_supported: entry(
    'permanent',
    1,
    502,
    'The object store does not offer this operation.',
    'Use another provider preset for the profile.',
  ),
  upload_missing: entry(
    'transient',
    1,
    502,
    'A multipart upload or one of its parts is no longer there.',
    'Nothing to do: the upload begins anew.',
  ),
  slow_down: entry(
    'transient',
    1,
    503,
    'The object store asks for fewer requests.',
    'Nothing to do: it is tried again later.',
  ),
  bucket_unavailable: entry(
    'transient',
    1,
    503,
    'The object store failed on its side.',
    'Nothing to do: it is tried again later.',
  ),
  checksum_mismatch: entry(
    'transient',
    1,
    502,
    'What arrived is not what was sent.',
    'Nothing to do: it is sent again. If it happens often, suspect memory or network hardware.',
  ),
  answer_invalid: entry(
    'transient',
    1,
    502,
    'What answered does not speak S3: a proxy or a login page, perhaps.',
    'Check the endpoint of the profile and any proxy between.',
  ),
  source_missing: entry(
    'permanent',
    1,
    404,
    'The file vanished before it was delivered.',
    'Put it into incoming again if it was not taken away on purpose.',
  ),
  spool_invalid: entry(
    'permanent',
    1,
    500,
    'The station folder cannot be used as a spool.',
    'Put the whole folder on one local file system.',
  ),
  destination_invalid: entry(
    'permanent',
    2,
    422,
    'Not a destination of the form s3://PROFILE/BUCKET/PATH, or one that is not there.',
    'Name a profile of the credentials file and one of its buckets.',
  ),
  source_changed: entry(
    'transient',
    1,
    409,
    'The file changed while it was being sent.',
    'Nothing to do: it is sent again.',
  ),
  reading_failed: entry(
    'transient',
    1,
    502,
    'A collector could not take a reading.',
    'See the message; the next reading is tried at its time.',
  ),
  reading_invalid: entry(
    'permanent',
    1,
    502,
    'A reading is not of the format that its collector has.',
    'Set "format" of the collector, or mend its source.',
  ),
  capture_lost: entry(
    'permanent',
    1,
    410,
    'A file of readings was deleted before it was delivered, since the disk was full.',
    'Nothing to do; see capture.diskUsageThreshold and free some space.',
  ),
  internal: entry(
    'permanent',
    1,
    500,
    'Something in sluice itself is wrong.',
    'Please report it with the log.',
  ),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof CATALOGUE;
