/**
 * Every failure that a person may see has a code from this catalogue. Adapters label what went wrong
 * (`answer`), the engine decides what follows; the command line takes its exit code and the HTTP API its
 * status from here. `docs/reference/errors.md` is generated from this table and a test holds the two together.
 */

/**
 * What follows a failure.
 *
 * - `give-up`: it speaks of this very thing and would be the same again.
 * - `hold`: it speaks of a place (`HeldPlace`). Nothing is wrong with the item: it stays where it is, no try is counted,
 *   one probe at a time goes to the place, and all goes on by itself when the place is right again.
 * - `retry`: passing trouble with this request; the retry rule counts it.
 * - `cancelled`: somebody asked for the work to stop.
 */
export type FailureAnswer = 'give-up' | 'hold' | 'retry' | 'cancelled';

/** What a failure answered by `hold` holds: everything that needs it waits. */
export type HeldPlace = 'endpoint' | 'profile' | 'bucket' | 'disk';

interface CatalogueEntry {
  readonly answer: FailureAnswer;
  /** What is held where the answer is `hold`; the endpoint where absent. */
  readonly holds?: HeldPlace;
  /** Exit code of a command that ends with it: 1 something failed, 2 usage. */
  readonly exitCode: 1 | 2;
  /** HTTP status of an answer that carries it. */
  readonly status: number;
  /** One sentence for the reference page. */
  readonly meaning: string;
  /** What a person can do about it; an error's own hint is preferred where there is one. */
  readonly remedy: string;
}

export const CATALOGUE = {
  // What was asked for: commands, configuration, the API.
  usage: {
    answer: 'give-up',
    exitCode: 2,
    status: 400,
    meaning: 'A command, option or request is not of the form it must have.',
    remedy: 'Put right what the message names, and ask again.',
  },
  config_invalid: {
    answer: 'give-up',
    exitCode: 2,
    status: 500,
    meaning: 'The configuration file has faults; all are listed.',
    remedy: 'Mend the lines named, then try "sluice config check".',
  },
  body_invalid: {
    answer: 'give-up',
    exitCode: 2,
    status: 400,
    meaning: 'A request body is not the JSON it should be.',
    remedy: 'Mend what the message names; /api.html says what each request takes.',
  },
  body_too_large: {
    answer: 'give-up',
    exitCode: 2,
    status: 413,
    meaning: 'A request body is larger than the server reads.',
    remedy: 'Send less at once.',
  },
  server_busy: {
    answer: 'retry',
    exitCode: 1,
    status: 503,
    meaning: 'The requests that the station is reading take all the memory that they may.',
    remedy: 'Send it again in some seconds, or less at once.',
  },
  unauthorized: {
    answer: 'give-up',
    exitCode: 2,
    status: 401,
    meaning: 'The API token is missing or wrong.',
    remedy: 'Send it as "Authorization: Bearer …".',
  },
  read_only: {
    answer: 'give-up',
    exitCode: 2,
    status: 403,
    meaning: 'The token that was sent reads only, and this would change something.',
    remedy: 'Send server.token, or ask somebody who has it.',
  },
  host_refused: {
    answer: 'give-up',
    exitCode: 2,
    status: 421,
    meaning: 'The Host header names a server that this is not.',
    remedy: 'Use the address that the station prints, or list the name under server.hosts.',
  },
  method_not_allowed: {
    answer: 'give-up',
    exitCode: 2,
    status: 405,
    meaning: 'That path does not take this method.',
    remedy: 'Use a method from the Allow header.',
  },
  not_found: {
    answer: 'give-up',
    exitCode: 1,
    status: 404,
    meaning: 'There is no such thing here.',
    remedy: 'Check the name.',
  },
  not_tracked: {
    answer: 'give-up',
    exitCode: 1,
    status: 404,
    meaning: 'The repository is not kept fresh here.',
    remedy: 'Track it first ("sluice track URL"), or bake it once.',
  },
  url_invalid: {
    answer: 'give-up',
    exitCode: 2,
    status: 422,
    meaning: 'Not a repository URL or path that sluice understands.',
    remedy: 'Give https://, http://, ssh://, git://, user@host:path, or (on the command line) a path.',
  },
  url_refused: {
    answer: 'give-up',
    exitCode: 2,
    status: 422,
    meaning: 'The URL is well-formed but not allowed here.',
    remedy: 'See git.allowPrivateAddresses and git.allowPaths in sluice.yaml.',
  },
  url_has_credentials: {
    answer: 'give-up',
    exitCode: 2,
    status: 422,
    meaning: 'The URL carries a password or token.',
    remedy: 'Take it out of the URL; put it under hosts.<name>.token in sluice.yaml or use an ssh URL.',
  },
  credentials_missing: {
    answer: 'give-up',
    exitCode: 2,
    status: 500,
    meaning: 'No credentials file was found.',
    remedy: 'Name one with --credentials FILE; "sluice doctor --help" shows its form.',
  },
  credentials_invalid: {
    answer: 'give-up',
    exitCode: 2,
    status: 500,
    meaning: 'The credentials file has faults; all are listed.',
    remedy: 'Mend the profiles named.',
  },
  destination_invalid: {
    answer: 'give-up',
    exitCode: 2,
    status: 422,
    meaning: 'Not a destination of the form s3://PROFILE/BUCKET/PATH, or one that is not there.',
    remedy: 'Name a profile of the credentials file and one of its buckets.',
  },

  // The station, its disk and its database.
  station_running: {
    answer: 'give-up',
    exitCode: 1,
    status: 409,
    meaning: 'Another station already runs on this root or database.',
    remedy: 'Stop it, or give --root and --database of its own.',
  },
  port_in_use: {
    answer: 'give-up',
    exitCode: 1,
    status: 500,
    meaning: 'Something else listens on that address.',
    remedy: 'Stop it, or choose another port with --port.',
  },
  stopping: {
    answer: 'cancelled',
    exitCode: 1,
    status: 503,
    meaning: 'The station is stopping and takes no new work.',
    remedy: 'Try again once it is back.',
  },
  cancelled: {
    answer: 'cancelled',
    exitCode: 1,
    status: 503,
    meaning: 'The work was stopped on request.',
    remedy: 'Start it again when wanted.',
  },
  room_awaited: {
    answer: 'cancelled',
    exitCode: 1,
    status: 503,
    meaning: 'The clone waits for room on the disk, and others go before it meanwhile.',
    remedy: 'Nothing to do: it is made once others are done with theirs.',
  },
  lease_lost: {
    answer: 'cancelled',
    exitCode: 1,
    status: 409,
    meaning: 'Another worker took the work over because this one was silent too long.',
    remedy: 'Nothing to do.',
  },
  paused: {
    answer: 'hold',
    holds: 'profile',
    exitCode: 1,
    status: 409,
    meaning: 'Somebody paused the destination or the host; what is for it waits.',
    remedy: 'Have it go on with "sluice resume" and its name, or on the pages.',
  },
  disk_full: {
    answer: 'hold',
    holds: 'disk',
    exitCode: 1,
    status: 507,
    meaning: 'The disk has no room left.',
    remedy: 'Free some space; what was being written has been removed.',
  },
  disk_failed: {
    answer: 'retry',
    holds: 'disk',
    exitCode: 1,
    status: 500,
    meaning: 'The file system, a mounted folder or this machine refused to read or write.',
    remedy: 'Check permissions, the disk and whether the folder is mounted.',
  },
  machine_short: {
    answer: 'hold',
    holds: 'disk',
    exitCode: 1,
    status: 500,
    meaning:
      'This machine, or what sluice may use of it, has too little left: open files or memory. Less is done at once meanwhile.',
    remedy:
      'Allow more ("ulimit -n 65536", LimitNOFILE= of a systemd unit, fs.file-max), or end what else uses it up.',
  },
  folder_unsafe: {
    answer: 'hold',
    holds: 'disk',
    exitCode: 1,
    status: 500,
    meaning: 'Another user of this machine could lead a configured folder to files that are not theirs.',
    remedy: 'Let only root, or the user that sluice runs as, write to the folders on the way to it.',
  },
  database_newer: {
    answer: 'give-up',
    exitCode: 1,
    status: 500,
    meaning: 'The database was written by a newer sluice.',
    remedy: 'Upgrade, or name another file with --database.',
  },
  database_invalid: {
    answer: 'give-up',
    exitCode: 1,
    status: 500,
    meaning: 'The file is not a sluice database or is damaged.',
    remedy: 'Name another file with --database, or restore a backup.',
  },
  database_missing: {
    answer: 'hold',
    holds: 'disk',
    exitCode: 1,
    status: 503,
    meaning: 'The database file was deleted or replaced while the station runs.',
    remedy: 'Put the file back, or start the station anew: what lies in the spool is taken up again.',
  },
  database_busy: {
    answer: 'retry',
    exitCode: 1,
    status: 503,
    meaning: 'Another process kept the database locked for too long.',
    remedy: 'Try again; see which process holds it.',
  },
  database_unreachable: {
    answer: 'retry',
    exitCode: 1,
    status: 503,
    meaning: 'The database server of the store is not reached, ended the connection, or takes no changes.',
    remedy:
      'See whether it runs and this machine gets there; a station goes on by itself when it answers again.',
  },
  database_crashed: {
    answer: 'retry',
    exitCode: 1,
    status: 503,
    meaning:
      'The database server crashed, and took back the last changes of a history that was being stored.',
    remedy: 'A station makes them again by itself; a command is run again.',
  },
  database_refused: {
    answer: 'retry',
    exitCode: 1,
    status: 503,
    meaning: 'The database server of the store does not let the station in, or denies it a right.',
    remedy:
      'Compare user, password, database and rights with those of the guide; a station tries again by itself.',
  },
  database_full: {
    answer: 'retry',
    exitCode: 1,
    status: 507,
    meaning: 'The database server of the store has no room left.',
    remedy: 'Make room on its disk; a station goes on by itself then.',
  },
  database_failed: {
    answer: 'retry',
    exitCode: 1,
    status: 500,
    meaning: 'The database server of the store answered with an error that sluice does not know.',
    remedy: "Read the server's words and its log; a station tries again by itself.",
  },
  spool_invalid: {
    answer: 'give-up',
    exitCode: 1,
    status: 500,
    meaning: 'The station folder cannot be used as a spool.',
    remedy: 'Put the whole folder on one local file system.',
  },
  internal: {
    // Nothing is known of what it was done for: that is tried again.
    answer: 'retry',
    exitCode: 1,
    status: 500,
    meaning: 'Something in sluice itself is wrong.',
    remedy: 'Please report it with the log.',
  },

  // Reaching another machine.
  host_unknown: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'The host name has no address.',
    remedy: 'Check the spelling and the network.',
  },
  host_unreachable: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'Nothing answered at the host.',
    remedy: 'Check the network, the port and whether the host is up.',
  },
  host_failing: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'The host answered with an error of its own (HTTP 429 or 5xx).',
    remedy: 'Try again later; see the status page of the host.',
  },
  host_key_changed: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'The ssh key of the host is another one than the one that is known here; nothing was sent.',
    remedy:
      'Somebody may stand in between. Ask who runs the host whether the key was changed; only then drop the old one (ssh-keygen -R HOST) and add the new one.',
  },
  host_key_unknown: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'The ssh key of the host is not known here.',
    remedy: 'Compare the key (ssh-keyscan HOST) with what the host publishes and add it to known_hosts.',
  },
  proxy_failed: {
    answer: 'hold',
    exitCode: 1,
    status: 502,
    meaning: 'The proxy that requests go through cannot be reached, or refuses them.',
    remedy: 'Look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or at deliver.proxy.',
  },
  tls_failed: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'No TLS connection: the certificate is not trusted, or the port speaks something else.',
    remedy:
      'Check address and port; a certificate authority of your own is added with GIT_SSL_CAINFO (git) or ca_bundle in the profile (S3).',
  },
  connection_lost: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'The connection broke in the middle.',
    remedy: 'Try again; nothing half-done was kept.',
  },
  timed_out: {
    answer: 'retry',
    exitCode: 1,
    status: 504,
    meaning: 'Nothing was heard for longer than the time-out.',
    remedy: 'Try again, or raise the time-out in sluice.yaml.',
  },
  answer_too_large: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'The far side sent more than sluice takes of such a thing.',
    remedy: 'Nothing to do here; what was too large has been left out.',
  },

  // Repositories, git and clones.
  git_missing: {
    answer: 'give-up',
    exitCode: 1,
    status: 500,
    meaning: 'No git program was found.',
    remedy: 'Install git 2.31 or newer and put it on the PATH.',
  },
  git_too_old: {
    answer: 'give-up',
    exitCode: 1,
    status: 500,
    meaning: 'The git program found is older than 2.31, or than the format of the repository.',
    remedy: 'Install a newer git and put it first on the PATH.',
  },
  git_failed: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'git failed in a way that sluice has no better word for.',
    remedy: 'Read its message, which follows.',
  },
  not_a_repository: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'There is no git repository at that place.',
    remedy: 'Check the URL or path; private repositories need credentials.',
  },
  authentication_required: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'The host wants credentials or refuses the ones it got.',
    remedy: 'Set hosts.<name>.token in sluice.yaml, or use an ssh URL with a key in the agent.',
  },
  repository_unseen: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning:
      'The code host shows the repository to none of the tokens: it is gone, or they may no longer see it.',
    remedy:
      'If it still exists, give a token that may read it. What is known of its changesets stays as it is meanwhile.',
  },
  repository_moved: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'The host redirects to another address; redirects are not followed.',
    remedy: 'Use the address that it redirects to.',
  },
  repository_not_owned: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'The repository on this disk belongs to another user.',
    remedy:
      'Name its folder under git.trustedPaths in sluice.yaml, run sluice as its owner, or change the owner.',
  },
  repository_corrupt: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'Objects of the repository are missing or damaged.',
    remedy: 'Run "git fsck" at the remote.',
  },
  cache_full: {
    answer: 'retry',
    exitCode: 1,
    status: 507,
    meaning: 'There is no room for a clone, and nothing more that may be evicted.',
    remedy: 'Raise cache.maxSize, lower cache.minFreeDisk, free some disk, or unpin a repository.',
  },
  clone_in_use: {
    answer: 'retry',
    exitCode: 1,
    status: 409,
    meaning: 'The clone is being fetched, read or sent away just now.',
    remedy: 'Try again when that is done.',
  },

  // Code hosts and notifications.
  token_refused: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'The code host does not accept the token: it is wrong, revoked or expired.',
    remedy: 'Make a new token and put it under hosts.<name>.token in sluice.yaml.',
  },
  token_wanted: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'The code host shows this to nobody without a token, and none is configured for it.',
    remedy: 'Put a token under hosts.<name>.token in sluice.yaml.',
  },
  scope_missing: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'The token is valid but may not do this.',
    remedy: 'Give the token the scope or permission named, or use another one.',
  },
  rate_limited: {
    answer: 'retry',
    exitCode: 1,
    status: 503,
    meaning: "The code host's limit of calls is used up for now.",
    remedy:
      'Nothing to do: it goes on when the host allows. More tokens under hosts.<name>.tokens share the load.',
  },
  forge_missing: {
    answer: 'give-up',
    exitCode: 1,
    status: 404,
    meaning: 'The code host has no such owner, repository or changeset, or does not show it to this token.',
    remedy: 'Check the address; private repositories need a token that may read them.',
  },
  forge_refused: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'The code host refused the request as one that it will not do.',
    remedy: 'Read its message, which follows.',
  },
  forge_answer_invalid: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning:
      "What answered does not speak the code host's API: a proxy or a login page, perhaps, or half an answer.",
    remedy: 'Check hosts.<name>.baseUrl and kind in sluice.yaml, and any proxy between.',
  },
  listing_endless: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning:
      'A listing of the code host does not end: it repeats a page, or has more pages than sluice reads. What came is kept.',
    remedy: 'Check any proxy between that drops the query of an address, and the version of the code host.',
  },
  signature_invalid: {
    answer: 'give-up',
    exitCode: 2,
    status: 401,
    meaning: 'The signature of a webhook is missing or wrong.',
    remedy: 'Use the same secret at the host and under hosts.<name>.webhookSecret in sluice.yaml.',
  },
  notification_failed: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'A webhook or command that tells of repositories failed.',
    remedy: 'Nothing to do: it is tried again some times. Read its message if it goes on.',
  },
  notification_refused: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'A webhook refuses what it is sent, or the command is not there.',
    remedy: 'Check notify.webhook and notify.command in sluice.yaml.',
  },

  // Object stores.
  bucket_missing: {
    answer: 'give-up',
    exitCode: 1,
    status: 404,
    meaning: 'The bucket does not exist at its provider.',
    remedy: 'Create it, or correct the folder name; its files wait where they are.',
  },
  bucket_auth_failed: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'The object store does not know the access key or refuses its signature.',
    remedy: 'Check the key, the secret and the region of the profile.',
  },
  access_denied: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'The access key is valid but may not do this.',
    remedy: 'Grant it the permission named, or use another key.',
  },
  clock_skew: {
    answer: 'hold',
    exitCode: 1,
    status: 502,
    meaning: "This machine's clock and the object store's are too far apart.",
    remedy: 'Set the clock (NTP).',
  },
  region_wrong: {
    answer: 'hold',
    holds: 'bucket',
    exitCode: 1,
    status: 502,
    meaning: 'The bucket lies in another region or at another endpoint.',
    remedy: 'Set the region and endpoint of the profile as the message says.',
  },
  encryption_key_unusable: {
    answer: 'hold',
    holds: 'bucket',
    exitCode: 1,
    status: 502,
    meaning:
      'The key with which the bucket encrypts (KMS) cannot be used: it is disabled, deleted or not there.',
    remedy: 'Have it enabled, or name another one for the bucket; its files wait, and go on by themselves.',
  },
  bucket_full: {
    answer: 'hold',
    holds: 'bucket',
    exitCode: 1,
    status: 507,
    meaning: 'The bucket or its account has no room left: a quota, a cap or the disks of the object store.',
    remedy: 'Make room or raise the quota; its files wait, and go on by themselves.',
  },
  key_expired: {
    answer: 'hold',
    holds: 'profile',
    exitCode: 1,
    status: 502,
    meaning: 'The key or session token of the profile has expired.',
    remedy: 'Renew it in the credentials file; the files wait, and go on by themselves.',
  },
  object_missing: {
    answer: 'give-up',
    exitCode: 1,
    status: 404,
    meaning: 'The bucket has no object of that name, or not any more.',
    remedy:
      'List the bucket under that key, with its prefix and in its letter case. A life-cycle rule, or another program, may have deleted it; if sluice sent it, "failed retry" sends it again.',
  },
  object_exists: {
    answer: 'give-up',
    exitCode: 1,
    status: 409,
    meaning: 'There is an object of that name already, and it was not to be replaced.',
    remedy: 'Choose another name, or allow replacing.',
  },
  key_invalid: {
    answer: 'give-up',
    exitCode: 2,
    status: 422,
    meaning: 'The object key or bucket name cannot be stored.',
    remedy: 'Rename the file, or the folder that names its bucket, as the message says.',
  },
  object_too_large: {
    answer: 'give-up',
    exitCode: 1,
    status: 422,
    meaning: 'The object is larger than the store takes.',
    remedy: 'Split it.',
  },
  request_refused: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'The object store refused the request as invalid.',
    remedy: 'Read its message; "sluice doctor" may tell more.',
  },
  not_supported: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'The object store does not offer this operation.',
    remedy: 'Use another provider preset for the profile.',
  },
  upload_missing: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'A multipart upload or one of its parts is no longer there.',
    remedy: 'Nothing to do: the upload begins anew.',
  },
  slow_down: {
    answer: 'retry',
    exitCode: 1,
    status: 503,
    meaning: 'The object store asks for fewer requests.',
    remedy: 'Nothing to do: it is tried again later.',
  },
  bucket_unavailable: {
    answer: 'retry',
    exitCode: 1,
    status: 503,
    meaning: 'The object store failed on its side.',
    remedy: 'Nothing to do: it is tried again later.',
  },
  checksum_mismatch: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'What arrived is not what was sent.',
    remedy: 'Nothing to do: it is sent again. If it happens often, suspect memory or network hardware.',
  },
  answer_invalid: {
    answer: 'hold',
    exitCode: 1,
    status: 502,
    meaning: 'What answered does not speak S3: a proxy or a login page, perhaps.',
    remedy: 'Check the endpoint of the profile and any proxy between.',
  },

  request_intercepted: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'Somebody else answers this one request, while the object store answers others.',
    remedy:
      'See what lies between (a firewall, a proxy with a limit of size, a scanner) and what it has against this file, or rename it. It is tried again, at most hours apart, for as long as it takes; "sluice sync now" tries at once.',
  },

  // Files on their way, and readings.
  source_missing: {
    answer: 'give-up',
    exitCode: 1,
    status: 404,
    meaning: 'The file vanished before it was delivered.',
    remedy: 'Put it into incoming again if it was not taken away on purpose.',
  },
  record_missing: {
    answer: 'give-up',
    exitCode: 1,
    status: 404,
    meaning:
      'The file lies in failed, and no record says why: the database is a new one, or somebody put it there.',
    remedy: 'Nothing is known against it. If the bucket has no newer file of that path, try it again.',
  },
  superseded: {
    answer: 'give-up',
    exitCode: 1,
    status: 409,
    meaning:
      'A newer file of the same path took the place of this one before it was delivered, or it was renamed meanwhile and goes under its new name.',
    remedy:
      'Nothing to do: the newer one goes. This one is kept in failed, or in its folder, unless the newer one lies in its place.',
  },
  source_changed: {
    answer: 'retry',
    exitCode: 1,
    status: 409,
    meaning: 'The file changed while it was being sent.',
    remedy: 'Nothing to do: it is sent again.',
  },
  reading_failed: {
    answer: 'retry',
    exitCode: 1,
    status: 502,
    meaning: 'A collector could not take a reading.',
    remedy: 'See the message; the next reading is tried at its time.',
  },
  reading_invalid: {
    answer: 'give-up',
    exitCode: 1,
    status: 502,
    meaning: 'A reading is not of the format that its collector has.',
    remedy: 'Set "format" of the collector, or mend its source.',
  },
  capture_lost: {
    answer: 'give-up',
    exitCode: 1,
    status: 410,
    meaning: 'A file of readings was deleted before it was delivered, since the disk was full.',
    remedy: 'Nothing to do; see capture.diskUsageThreshold and free some space.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof CATALOGUE;
