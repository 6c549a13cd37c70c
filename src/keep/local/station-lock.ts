/**
 * Something on this machine's disk that one station at a time may use. `start` of its lock (`LocalStore.createLock`)
 * takes it: throws `station_running`, naming the process that has it, or `disk_*`. `stop` lets go of it, and so does
 * the end of the process, however it ends, kill -9 included. Both may be repeated.
 */
export interface ExclusivePlace {
  readonly path: string;
  /** What it is, for messages: `the root`, `the database`. */
  readonly what: string;
  /** A file of the lock's own; its folder is made where it is not there. */
  readonly lockPath: string;
}
