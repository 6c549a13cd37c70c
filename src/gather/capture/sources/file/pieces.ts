import { SluiceError } from '../../../../base/errors.ts';

/** The most that is asked for at once. */
export const PIECE_BYTES = 2 ** 20;

/**
 * What has been read of a file so far, in pieces of any size: files of /proc answer with less than was asked for before
 * they end, and tell nothing by their size.
 */
export class Pieces {
  readonly #pieces: Buffer[] = [];
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next piece, which may be a part of a buffer that is used again.
   * @throws SluiceError answer_too_large, once all of them are more than a reading may be
   */
  add(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes) {
      const limit = `${Math.floor(this.#maxBytes / 2 ** 20)} MiB`;
      throw new SluiceError(
        'answer_too_large',
        `it is larger than a reading may be (${limit}), or has no end`,
      );
    }
    this.#pieces.push(Buffer.from(piece));
  }

  /** Refuses at once what would be more than a reading may be. @throws SluiceError answer_too_large */
  expect(bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    const limit = `${Math.floor(this.#maxBytes / 2 ** 20)} MiB`;
    throw new SluiceError('answer_too_large', `it is larger than a reading may be (${limit}), or has no end`);
  }

  get bytes(): number {
    return this.#bytes;
  }

  whole(): Buffer {
    return this.#pieces.length === 1 ? (this.#pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#pieces);
  }
}
