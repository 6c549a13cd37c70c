import { readFileSync, statSync } from 'node:fs';

/** What is known here of the users and groups of this machine; a test may have its own. */
export interface LocalUsers {
  /** Whoever may lead this process anywhere in any case: root, the user that it runs as, and the owner of `/`. */
  isTrusted(uid: number): boolean;
  /** Whether nobody but that user, and those who are trusted, is known to be in the group. */
  isGroupOfOne(gid: number, uid: number): boolean;
  /** "alice (uid 1001)". */
  nameOf(uid: number): string;
}

/** One line of /etc/passwd or /etc/group: fields between colons (passwd(5), group(5)). */
type Line = readonly string[];

/** The users in /etc/passwd and /etc/group; those that a directory service has beside them are not seen. */
export function localUsers(): LocalUsers {
  const trusted = new Set([0, process.geteuid?.() ?? 0, ownerOfTop()]);
  const named = (name: string): number | undefined => {
    const uid = linesOf('/etc/passwd').find(([one]) => one === name)?.[2];
    return uid === undefined ? undefined : Number(uid);
  };
  return {
    isTrusted: uid => trusted.has(uid),
    isGroupOfOne(gid, uid) {
      const isOther = (one: number | undefined): boolean => one !== uid && !trusted.has(one ?? -1);
      const users = linesOf('/etc/passwd').filter(([, , , primary]) => Number(primary) === gid);
      if (users.some(([, , one]) => isOther(Number(one)))) return false;
      const groups = linesOf('/etc/group').filter(([, , one]) => Number(one) === gid);
      const members = groups.flatMap(([, , , names = '']) => names.split(',').filter(name => name !== ''));
      return !members.some(name => isOther(named(name)));
    },
    nameOf(uid) {
      const name = linesOf('/etc/passwd').find(([, , one]) => Number(one) === uid)?.[0];
      return name === undefined ? `uid ${uid}` : `${name} (uid ${uid})`;
    },
  };
}

/** Where root has no number of its own (a user namespace), it is whoever `/` belongs to. */
function ownerOfTop(): number {
  return statSync('/').uid;
}

function linesOf(path: string): Line[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map(line => line.split(':'))
      .filter(fields => fields.length > 2);
  } catch {
    // A container may have neither.
    return [];
  }
}
