import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { deflateSync } from 'node:zlib';

/** What a remote of bad manners sends in answer to a command of git's protocol, version 2. */
export interface GitTalk {
  /** After which nothing follows; the two refs of `packOf` where absent. */
  readonly refs?: (to: GitSocket) => Promise<void>;
  /** After `packfile`; a pack of one commit where absent. */
  readonly pack?: (to: GitSocket) => Promise<void>;
}

/** A connection of git's, written to in packets. */
export class GitSocket {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Waits while the other side does not read; does nothing once it is gone. */
  async write(bytes: Buffer): Promise<void> {
    if (!this.isOpen || this.#socket.write(bytes)) return;
    await new Promise<void>(resolve => {
      this.#socket.once('drain', resolve);
      this.#socket.once('close', () => resolve());
    });
  }

  line(text: string): Promise<void> {
    return this.write(packet(Buffer.from(text)));
  }

  flush(): Promise<void> {
    return this.write(Buffer.from('0000'));
  }

  /** A piece of the pack. */
  data(bytes: Buffer): Promise<void> {
    return this.#band(1, bytes);
  }

  /** What git shows as "remote: …". */
  progress(text: string): Promise<void> {
    return this.#band(2, Buffer.from(text));
  }

  #band(number: number, bytes: Buffer): Promise<void> {
    return this.write(packet(Buffer.concat([Buffer.of(number), bytes])));
  }
}

function packet(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}

const TREE = Buffer.alloc(0);
const COMMIT = Buffer.from(
  `tree ${idOf('tree', TREE)}\nauthor a <a@x> 1700000000 +0000\ncommitter a <a@x> 1700000000 +0000\n\nm\n`,
);
/** The commit that all refs of a talking remote name. */
export const TIP = idOf('commit', COMMIT);

function idOf(type: string, body: Buffer): string {
  return createHash('sha1').update(`${type} ${body.length}\0`).update(body).digest('hex');
}

/** How a pack begins that says to hold so many objects. */
export function packHeader(objects: number): Buffer {
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  header.writeUInt32BE(objects, 8);
  return header;
}

/** An object of a pack, unpacked up to 2 047 bytes long. */
export function packed(type: 'commit' | 'tree', body: Buffer): Buffer {
  const kind = type === 'commit' ? 1 : 2;
  const sizes = Buffer.of(0x80 | (kind << 4) | (body.length & 15), body.length >> 4);
  return Buffer.concat([sizes, deflateSync(body)]);
}

function wholePack(): Buffer {
  const body = Buffer.concat([packHeader(2), packed('commit', COMMIT), packed('tree', TREE)]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** Serves git:// until the test ends. @returns the URL of a repository there */
export async function startGitTalk(t: TestContext, talk: GitTalk): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    const to = new GitSocket(socket);
    let said = '';
    socket.on('data', chunk => {
      said += chunk.toString('latin1');
      const answer = answerTo(said, talk);
      if (answer === undefined) return;
      said = '';
      void answer(to);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return `git://127.0.0.1:${(server.address() as AddressInfo).port}/r`;
}

function answerTo(said: string, { refs, pack }: GitTalk): ((to: GitSocket) => Promise<void>) | undefined {
  if (said.includes('git-upload-pack')) return hello;
  if (!said.endsWith('0000')) return undefined;
  if (said.includes('command=ls-refs')) return refs ?? usualRefs;
  return async to => {
    await to.line('packfile\n');
    await (pack ?? usualPack)(to);
  };
}

async function hello(to: GitSocket): Promise<void> {
  for (const line of ['version 2', 'ls-refs=unborn', 'fetch=shallow filter', 'object-format=sha1'])
    await to.line(`${line}\n`);
  await to.flush();
}

async function usualRefs(to: GitSocket): Promise<void> {
  await to.line(`${TIP} HEAD symref-target:refs/heads/main\n`);
  await to.line(`${TIP} refs/heads/main\n`);
  await to.flush();
}

async function usualPack(to: GitSocket): Promise<void> {
  await to.data(wholePack());
  await to.flush();
}
