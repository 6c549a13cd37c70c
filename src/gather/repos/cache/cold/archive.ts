import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Header } from 'tar';
import { SluiceError } from '../../../../base/errors.ts';
import type { RefSnapshot } from '../../../../keep/store/types.ts';
import type { Clone } from '../../clone/open.ts';
import { packedRefs } from '../../clone/refs.ts';

/**
 * An archive of a clone: a tar (POSIX ustar) of what git cannot make again by itself.
 *
 *   sluice.json   what is known of the clone (`Manifest`), first
 *   packed-refs   all refs, one a line
 *   shallow       where the remote's history ends early
 *   objects/…     packs with their indexes, loose objects, commit-graphs, byte for byte
 *
 * Neither configuration nor hooks are in it: they could name commands, and are written anew when it is restored.
 */
export interface Manifest {
  readonly version: 1;
  readonly url: string;
  readonly objectFormat: 'sha1' | 'sha256';
  readonly lean: boolean;
  readonly headRef: string | null;
  readonly spelling: string | null;
  readonly otherRefs: number;
}

/** Names of the members that are not copies of files. */
export const MANIFEST = 'sluice.json';
export const PACKED_REFS = 'packed-refs';
const BLOCK_BYTES = 512;
const CHUNK_BYTES = 2 ** 20;

const HASH = '(?:[0-9a-f]{40}|[0-9a-f]{64})';
const MEMBERS = new RegExp(
  `^(?:${[
    'sluice\\.json',
    'packed-refs',
    'shallow',
    `objects/pack/pack-${HASH}\\.(?:pack|idx|rev|promisor)`,
    'objects/[0-9a-f]{2}/(?:[0-9a-f]{38}|[0-9a-f]{62})',
    'objects/info/commit-graph',
    'objects/info/commit-graphs/commit-graph-chain',
    `objects/info/commit-graphs/graph-${HASH}\\.graph`,
  ].join('|')})$`,
);

/** Whether a name may be in an archive: those above and no others, so that none leads anywhere else. */
export function isMember(name: string): boolean {
  return MEMBERS.test(name);
}

/** Names the content of a clone: two clones of the same refs and kind have the same. */
export function contentOf(clone: Clone): string {
  const hash = createHash('sha256');
  hash.update(`${clone.objectFormat} ${clone.lean} ${clone.shallow} ${clone.headRef ?? ''}\n`);
  return hash.update(refLines(clone.tips)).digest('hex');
}

function refLines(tips: RefSnapshot): string {
  const names = [...tips.keys()].sort();
  return names.map(name => `${tips.get(name)} ${name}\n`).join('');
}

/** An archive that is made as it is read. */
export interface Archive {
  readonly bytes: number;
  /** Its bytes, in order; may be read again. Throws `source_changed` when a file is not as long as it was. */
  read(): AsyncIterable<Buffer>;
}

type Member = { readonly name: string; readonly size: number } & (
  | { readonly content: Buffer }
  | { readonly path: string }
);

/** The archive of a clone; nothing is written. For the holder of its claim. */
export async function archiveOf(clone: Clone): Promise<Archive> {
  const { url, objectFormat, lean, headRef = null, spelling = null, otherRefs } = clone;
  const manifest: Manifest = { version: 1, url, objectFormat, lean, headRef, spelling, otherRefs };
  const members: Member[] = [
    inMemory(MANIFEST, Buffer.from(JSON.stringify(manifest))),
    // Not the file as it is: some refs are in files of their own, and the disk may have no room to pack them.
    inMemory(PACKED_REFS, Buffer.from([...packedRefs(clone.tips)].join(''), 'latin1')),
    ...(await filesOf(clone.gitDir)),
  ];
  const padded = members.map(({ size }) => BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES);
  return {
    bytes: padded.reduce((sum, bytes) => sum + bytes, 2 * BLOCK_BYTES),
    read: () => tarOf(members),
  };
}

function inMemory(name: string, content: Buffer): Member {
  return { name, size: content.length, content };
}

async function filesOf(gitDir: string): Promise<Member[]> {
  const entries = await readdir(join(gitDir, 'objects'), { recursive: true, withFileTypes: true });
  const inObjects = entries
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(gitDir.length + 1));
  const top = (await readdir(gitDir)).filter(name => name === 'shallow');
  const names = [...top, ...inObjects].filter(isMember).sort();
  return Promise.all(
    names.map(async name => {
      const path = join(gitDir, name);
      return { name, path, size: (await lstat(path)).size };
    }),
  );
}

async function* tarOf(members: readonly Member[]): AsyncGenerator<Buffer> {
  for (const member of members) {
    yield headerOf(member);
    let bytes = 0;
    for await (const chunk of contentsOf(member)) {
      bytes += chunk.length;
      yield chunk;
    }
    if (bytes !== member.size)
      throw new SluiceError('source_changed', `${member.name} changed while it was archived`);
    const rest = bytes % BLOCK_BYTES;
    if (rest > 0) yield Buffer.alloc(BLOCK_BYTES - rest);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function headerOf({ name, size }: Member): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const header = new Header({
    path: name,
    mode: 0o444,
    uid: 0,
    gid: 0,
    size,
    type: 'File',
    mtime: new Date(0),
  });
  if (header.encode(block, 0))
    throw new SluiceError('internal', `${name} does not fit into the header of a tar`);
  return block;
}

async function* contentsOf(member: Member): AsyncGenerator<Buffer> {
  if ('content' in member) yield member.content;
  // The end is given so that a file that grows cannot run on.
  else if (member.size > 0)
    yield* createReadStream(member.path, { highWaterMark: CHUNK_BYTES, end: member.size - 1 });
}
