import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * A worker's name says which process it lives in, so that another process can tell at once that it is gone:
 * `pid:start time:place:random`. The place is the boot and the namespace of process numbers (a container): a
 * pid of another place means nothing here.
 */

interface ProcessState {
  /** Clock ticks since boot at which it started (proc(5), stat field 22). */
  readonly startTime: string;
  /** Killed and not yet collected by its parent, or nearly. */
  readonly ended: boolean;
}

/** A name that no other worker has, for `WorkQueue.claim`. */
export function newWorkerId(): string {
  const startTime = processState(process.pid)?.startTime ?? '';
  return `${process.pid}:${startTime}:${place()}:${randomBytes(6).toString('hex')}`;
}

/**
 * Whether the worker's process is certainly gone. False when that cannot be seen from here (another boot or
 * container, a name of another form): its lease will end.
 */
export function isWorkerGone(worker: string): boolean {
  const [pidText, startTime, workerPlace] = worker.split(':');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0 || workerPlace !== place()) return false;
  if (!processExists(pid)) return true;
  const state = processState(pid);
  // Without /proc only the number is known; a process that took the number over then counts as the worker.
  if (!state || !startTime) return false;
  return state.ended || state.startTime !== startTime;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: somebody else's process, but one that lives.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

function processState(pid: number): ProcessState | undefined {
  const stat = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The program's name, in brackets, may hold spaces and brackets: count from the last one. Field 3 comes next.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = fields[19];
  return startTime ? { startTime, ended: fields[0] === 'Z' || fields[0] === 'X' } : undefined;
}

let knownPlace: string | undefined;

function place(): string {
  if (knownPlace === undefined) {
    const boot = readOrEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
    const namespace = readOrEmpty(() => readlinkSync('/proc/self/ns/pid')).replace(/\D/g, '');
    knownPlace = `${boot}/${namespace}`;
  }
  return knownPlace;
}

/** Systems without /proc, or with a hidden one, are served with less. */
function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
