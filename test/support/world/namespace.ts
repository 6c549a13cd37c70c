import { spawnSync } from 'node:child_process';

/** As root nothing has to be mapped. */
const ARGUMENTS = process.getuid?.() === 0 ? ['-m'] : ['-rm'];

/**
 * Runs a script once more, with `--mounts` and its own arguments, in a mount namespace where disks may be mounted, and
 * takes over its exit code.
 * @returns false where such a namespace cannot be had: the caller goes on by itself
 */
export function inMountNamespace(script: string): boolean {
  if (spawnSync('unshare', [...ARGUMENTS, 'true'], { stdio: 'ignore' }).status !== 0) return false;
  const command = [process.execPath, ...process.execArgv, script, '--mounts', ...process.argv.slice(2)];
  const { status } = spawnSync('unshare', [...ARGUMENTS, ...command], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
  return true;
}
