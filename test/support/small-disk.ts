import { execFileSync } from 'node:child_process';
import { MAIN } from './sluice.ts';

/**
 * Runs a script in a small file system of its own, in a mount namespace that ends with the shell; `$SLUICE` is the
 * command line. Needs Linux with user namespaces, hence not for `npm test`.
 * @returns what it printed
 */
export function onSmallDisk(folder: string, size: string, script: string): string {
  const mount = `mount -t tmpfs -o size=${size} tmpfs ${folder} && cd ${folder} && echo 'cache: {minFreeDisk: 0}' > sluice.yaml`;
  const env = { ...process.env, SLUICE: `${process.execPath} ${MAIN}`, HOME: folder };
  return execFileSync('unshare', ['-rm', 'sh', '-c', `${mount}\n${script}`], { encoding: 'utf8', env });
}
