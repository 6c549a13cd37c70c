/** Of a record longer than the two together, the middle is dropped as it streams by. */
const MAX_HEAD_BYTES = 512 * 1024;
const MAX_TAIL_BYTES = 128 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * Cuts a stream at its NULs. What is kept of a record is bounded, so that a commit message of 300 MB costs
 * neither memory nor more than one look at each byte.
 */
export class RecordSplitter {
  /** The record that has not ended yet: its beginning, and once that is full, the latest of the rest. */
  #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;

  get incomplete(): boolean {
    return this.#headBytes > 0;
  }

  /** Whole records, NULs included, as latin1 text; empty when none ends in this chunk. */
  push(chunk: Buffer): string {
    const last = chunk.lastIndexOf(0);
    if (last < 0) {
      this.#keep(chunk);
      return '';
    }
    let text: string;
    if (this.#headBytes === 0) text = chunk.toString('latin1', 0, last + 1);
    else if (this.#tailBytes === 0 && this.#head.length === 1) {
      text = Buffer.concat([this.#head[0] ?? EMPTY, chunk.subarray(0, last + 1)]).toString('latin1');
    } else
      text =
        this.#longRecord(chunk, chunk.indexOf(0)) + chunk.toString('latin1', chunk.indexOf(0) + 1, last + 1);
    this.#head = [];
    this.#tail = [];
    this.#headBytes = 0;
    this.#tailBytes = 0;
    if (last + 1 < chunk.length) this.#keep(chunk.subarray(last + 1));
    return text;
  }

  #longRecord(chunk: Buffer, nul: number): string {
    this.#keep(chunk.subarray(0, nul));
    const tail = Buffer.concat(this.#tail);
    const kept = tail.subarray(Math.max(0, tail.length - MAX_TAIL_BYTES));
    return `${Buffer.concat(this.#head).toString('latin1')}${kept.toString('latin1')}\0`;
  }

  #keep(piece: Buffer): void {
    if (this.#headBytes < MAX_HEAD_BYTES) {
      this.#head.push(piece);
      this.#headBytes += piece.length;
      return;
    }
    this.#tail.push(piece);
    this.#tailBytes += piece.length;
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= MAX_TAIL_BYTES) {
      this.#tailBytes -= this.#tail.shift()?.length ?? 0;
    }
  }
}
