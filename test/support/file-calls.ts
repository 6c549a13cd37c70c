import type { FileCalls } from '../../src/base/files/calls.ts';

/** Real calls, before each of which a test may do what somebody else would do just then. */
export function interrupted(
  real: FileCalls,
  before: (call: keyof FileCalls, path: string) => void,
): FileCalls {
  return {
    openBeneath(directory, path, flags) {
      before('openBeneath', path);
      return real.openBeneath(directory, path, flags);
    },
    renameAt(from, to, keep) {
      before('renameAt', from.name);
      real.renameAt(from, to, keep);
    },
    unlinkAt(entry) {
      before('unlinkAt', entry.name);
      real.unlinkAt(entry);
    },
    rmdirAt(entry) {
      before('rmdirAt', entry.name);
      real.rmdirAt(entry);
    },
    mkdirAt(entry) {
      before('mkdirAt', entry.name);
      real.mkdirAt(entry);
    },
    lock: (descriptor, isExclusive) => real.lock(descriptor, isExclusive),
    shareBlocks: (from, to) => real.shareBlocks(from, to),
  };
}
