/** Of a record longer than the two together, the middle is dropped as it streams by. */
const MAX_HEAD_BYTES = 512 * 1024;
const MAX_TAIL_BYTES = 128 * 1024;

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

  /** Texts of whole records, NULs included, as latin1; none when no record ends in this chunk. */
  push(chunk: Buffer): readonly string[] {
    const last = chunk.lastIndexOf(0);
    if (last < 0) {
      this.#keep(chunk);
      return [];
    }
    const texts: string[] = [];
    let from = 0;
    if (this.incomplete) {
      // The record that began before is put together alone: joining whole chunks would copy every byte once more.
      from = chunk.indexOf(0) + 1;
      texts.push(this.#finishRecord(chunk.subarray(0, from)));
    }
    if (from <= last) texts.push(chunk.toString('latin1', from, last + 1));
    if (last + 1 < chunk.length) this.#keep(chunk.subarray(last + 1));
    return texts;
  }

  /** @param end the rest of the record, with its NUL */
  #finishRecord(end: Buffer): string {
    this.#tail.push(end);
    const tail = Buffer.concat(this.#tail);
    const kept = this.#tailBytes === 0 ? tail : tail.subarray(Math.max(0, tail.length - MAX_TAIL_BYTES));
    const text = Buffer.concat([...this.#head, kept]).toString('latin1');
    this.#head = [];
    this.#tail = [];
    this.#headBytes = 0;
    this.#tailBytes = 0;
    return text;
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
