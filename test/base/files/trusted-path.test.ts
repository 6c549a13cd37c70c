import assert from 'node:assert/strict';
import { chmodSync, chownSync, lchownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { Enclosure } from '../../../src/base/files/enclosure.ts';
import { type LocalUsers, localUsers } from '../../../src/base/files/local-users.ts';
import { followTrusted, type TrustOptions } from '../../../src/base/files/trusted-path.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

const ALICE = 61_001;
const BOB = 61_002;

interface Kind {
  readonly name: string;
  /** Makes `BASE/way/drop`. */
  readonly make: (base: string) => void;
  /** What the refusal says; absent: the way is safe. */
  readonly says?: RegExp;
  readonly options?: TrustOptions;
}

function folder(path: string, { uid = 0, gid = 0, mode = 0o755 } = {}): string {
  mkdirSync(path, { recursive: true });
  chownSync(path, uid, gid);
  chmodSync(path, mode);
  return path;
}

function link(target: string, path: string, uid = 0): void {
  symlinkSync(target, path);
  lchownSync(path, uid, uid);
}

/** Only alice is in her group. */
const users: LocalUsers = { ...localUsers(), isGroupOfOne: (gid, uid) => gid === ALICE && uid === ALICE };

const KINDS: readonly Kind[] = [
  { name: 'folders of root', make: base => folder(join(folder(join(base, 'way')), 'drop')) },
  {
    name: "somebody's folder in one of root's",
    make: base => folder(join(folder(join(base, 'way')), 'drop'), { uid: ALICE, mode: 0o777 }),
  },
  {
    name: "somebody's folder in a folder of their own",
    make: base =>
      folder(join(folder(join(base, 'way'), { uid: ALICE, gid: ALICE, mode: 0o775 }), 'drop'), {
        uid: ALICE,
      }),
  },
  {
    name: "root's folder in somebody's",
    make: base => folder(join(folder(join(base, 'way'), { uid: ALICE }), 'drop')),
    says: /way belongs to uid 61001, who could put something else in the place of .*drop$/,
  },
  {
    name: "another one's folder in somebody's",
    make: base => folder(join(folder(join(base, 'way'), { uid: ALICE }), 'drop'), { uid: BOB }),
    says: /way belongs to uid 61001/,
  },
  {
    name: "somebody's link in their folder",
    make: base =>
      link(
        folder(join(base, 'aim'), { uid: BOB }),
        join(folder(join(base, 'way'), { uid: ALICE }), 'drop'),
        ALICE,
      ),
    says: /drop is a link that belongs to uid 61001$/,
  },
  {
    name: "root's link in somebody's folder",
    make: base => link(folder(join(base, 'aim')), join(folder(join(base, 'way'), { uid: ALICE }), 'drop')),
    says: /way belongs to uid 61001/,
  },
  {
    name: "root's link in root's folder, and a relative one with .. behind it",
    make: base => {
      folder(join(folder(join(base, 'aim')), 'drop'));
      link('../aim/../aim', join(folder(join(base, 'first')), 'link'));
      link('first/link', join(base, 'way'));
    },
  },
  {
    name: "root's link to where somebody may lead on",
    make: base => {
      folder(join(folder(join(base, 'aim'), { uid: ALICE }), 'drop'));
      link('aim', join(base, 'way'));
    },
    says: /aim belongs to uid 61001/,
  },
  {
    name: 'a folder that everybody writes to',
    make: base => folder(join(folder(join(base, 'way'), { mode: 0o777 }), 'drop')),
    says: /way can be written by everybody/,
  },
  {
    name: 'a folder that a group writes to',
    make: base => folder(join(folder(join(base, 'way'), { gid: BOB, mode: 0o775 }), 'drop')),
    says: /way can be written by the users of group 61002/,
  },
  {
    name: 'a sticky folder, as /tmp is',
    make: base => folder(join(folder(join(base, 'way'), { mode: 0o1777 }), 'drop'), { uid: ALICE }),
  },
  {
    name: "somebody's link in a sticky folder",
    make: base =>
      link(folder(join(base, 'aim')), join(folder(join(base, 'way'), { mode: 0o1777 }), 'drop'), ALICE),
    says: /drop is a link that belongs to/,
  },
  {
    name: "an area of root's in a station's folder that all write to",
    make: base => folder(join(folder(join(base, 'way'), { mode: 0o777 }), 'drop')),
    options: { mayShareParent: true },
  },
  {
    name: "an area of somebody's in a station's folder that all write to",
    make: base => folder(join(folder(join(base, 'way'), { mode: 0o777 }), 'drop'), { uid: ALICE }),
    options: { mayShareParent: true },
    says: /way can be written by everybody/,
  },
];

for (const { name, make, says, options } of KINDS) {
  test(`the way to a configured folder: ${name} (D-320)`, async t => {
    const base = await tempDirectory(t);
    make(base);
    const path = join(base, 'way/drop');
    const follow = () => followTrusted(path, { users, ...options });
    if (!says) {
      assert.equal(new Enclosure(path, { follow }).stat('.')?.isDirectory(), true);
      return;
    }
    assert.throws(follow, (error: unknown) => {
      assert.ok(error instanceof SluiceError);
      assert.equal(error.code, 'folder_unsafe');
      assert.match(error.message, says);
      assert.match(error.hint, /chmod|chown|folder/);
      return true;
    });
  });
}

test('a circle of links ends (D-320)', async t => {
  const base = await tempDirectory(t);
  link('way', join(base, 'other'));
  link('other', join(base, 'way'));
  assert.throws(() => followTrusted(join(base, 'way/drop')), { code: 'ELOOP' });
});

test('what is opened is the folder that was looked at, whoever renames between (D-320)', async t => {
  const base = await tempDirectory(t);
  const way = folder(join(base, 'way'));
  const drop = folder(join(way, 'drop'));
  const other = folder(join(way, 'other'));
  writeFileSync(join(other, 'secret'), '');
  const enclosure = new Enclosure(drop, {
    follow(path) {
      const followed = followTrusted(path);
      // Each time that it was looked at, the other folder gets its name.
      renameSync(drop, join(way, 'aside'));
      renameSync(other, drop);
      renameSync(join(way, 'aside'), other);
      return followed;
    },
  });
  assert.throws(() => enclosure.stat('secret'), { code: 'EAGAIN' });
});
