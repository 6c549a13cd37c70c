import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Which process something belongs to: `<pid>-<start>`. The start, from the boot and the clock tick of its
 * beginning (Linux), distinguishes it from a later process of the same number; it is 0 where there is no /proc.
 */
export type ProcessMark = string;

/** Every git that a station starts carries the station's mark in this variable. */
export const OWNER_VARIABLE = 'SLUICE_OWNER';

let mark: ProcessMark | undefined;

/** The mark of this process. */
export function ownMark(): ProcessMark {
  mark ??= `${process.pid}-${startOf('self') ?? '0'}`;
  return mark;
}

/** Whether the process that a mark names still runs. */
export function isAlive(owner: ProcessMark): boolean {
  const [pid = '', start] = owner.split('-');
  const running = startOf(pid);
  if (running !== undefined) return running === start;
  try {
    process.kill(Number(pid), 0);
    return start === '0';
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return start === '0' && (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Kills git processes whose station was killed before it could stop them: a fetch that waits for a silent
 * server would otherwise write into a clone that the next station works in. Linux only; elsewhere nothing.
 * @returns how many processes were killed
 */
export function endOrphans(): number {
  const orphans = processIds().filter(pid => {
    const owner = ownerOf(pid);
    return owner !== undefined && !isAlive(owner);
  });
  for (const pid of orphans) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return orphans.length;
}

function processIds(): readonly string[] {
  return (
    readOrUndefined(() =>
      readdirSync('/proc').filter(name => /^\d+$/.test(name) && name !== String(process.pid)),
    ) ?? []
  );
}

/**
 * The mark that a process carries; undefined for foreign ones, and for those of another container, whose numbers mean
 * something else.
 */
function ownerOf(pid: string): ProcessMark | undefined {
  return readOrUndefined(() => {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    const owner = new RegExp(`(?:^|\0)${OWNER_VARIABLE}=(\\d+-[0-9a-f]+)\0`).exec(environment)?.[1];
    const sameNumbers = owner && readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync('/proc/self/ns/pid');
    return sameNumbers ? owner : undefined;
  });
}

/** Field 22 of /proc/<pid>/stat with the boot's id (proc(5)); undefined where there is no such process or no /proc. */
function startOf(pid: string): string | undefined {
  return readOrUndefined(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    return `${boot}${Number(ticks).toString(16)}`;
  });
}

function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // It ended meanwhile, is somebody else's, or there is no /proc: nothing can be said about it.
    return undefined;
  }
}
