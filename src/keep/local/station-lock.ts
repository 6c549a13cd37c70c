import type { Service } from '../../base/lifecycle.ts';

/**
 * Makes the service that holds a path for this process alone, from start to stop, however the process ends. Its start
 * throws `station_running` while another process holds it.
 * @param what the path is, for messages: `the root`
 * @param lockPath a file of the lock's own, made where it is missing
 */
export type ExclusiveUse = (path: string, what: string, lockPath: string) => Service;
