import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib } from 'node:zlib';
import { type ContentCoding, entityTag } from '../negotiation.ts';

const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

/** A file of the pages in all its codings, each of which is made when it is first asked for, off the thread, and kept. */
export class PageFile {
  readonly tag: string;
  readonly #content: Buffer;
  readonly #coded = new Map<ContentCoding, Promise<Buffer>>();

  constructor(content: Buffer) {
    this.#content = content;
    this.tag = entityTag(content);
  }

  /** The content in that coding, or as it is where the coding makes it no smaller. */
  async in(coding: ContentCoding): Promise<{ readonly content: Buffer; readonly coding: ContentCoding }> {
    const plain = { content: this.#content, coding: 'identity' as const };
    if (coding === 'identity') return plain;
    let coded = this.#coded.get(coding);
    if (!coded) {
      coded = coding === 'br' ? smallest(this.#content) : deflate(this.#content, { level: 9 });
      this.#coded.set(coding, coded);
    }
    const content = await coded;
    return content.length < this.#content.length ? { content, coding } : plain;
  }
}

function smallest(content: Buffer): Promise<Buffer> {
  return brotli(content, {
    params: {
      [zlib.BROTLI_PARAM_MODE]: zlib.BROTLI_MODE_TEXT,
      [zlib.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
}
