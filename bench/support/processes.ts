import { readFileSync } from 'node:fs';

/** Length of the kernel's clock tick in /proc/PID/stat; USER_HZ is 100 on every Linux that Node runs on (proc(5)). */
const TICK_MS = 10;

/**
 * Processor time, user and system, of a process with all its threads; what it was for one that is gone is not known: 0.
 */
export function cpuMsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in brackets and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return 0;
  }
}

/** Resident memory now and at its peak, in MiB; 0 once the process is gone. */
export function memoryOf(pid: number): { readonly nowMib: number; readonly peakMib: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mib = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
    return { nowMib: mib('VmRSS'), peakMib: mib('VmHWM') };
  } catch {
    return { nowMib: 0, peakMib: 0 };
  }
}
