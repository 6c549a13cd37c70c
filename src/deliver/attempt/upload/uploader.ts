import type { Stats } from 'node:fs';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { crc32Of, isProven, isProvenInParts } from '../../../keep/buckets/checksum.ts';
import type { FileIdentity, Journal, UnfinishedUpload } from '../../../keep/local/journal.ts';
import { destinationFor } from '../../settings.ts';
import { identityOf } from '../../spool/files.ts';
import { Verifier } from '../verify.ts';
import { assertStillSame, guardedSource, readWhole } from './content.ts';
import { abandonUpload, type SendingInParts, type SentInParts, sendInParts } from './parts.ts';
import { objectKey, propertiesOf } from './properties.ts';
import type { Acknowledged, Asking, Sending, Sent } from './sending.ts';

/** A file that changes under the upload is sent again at once this often, then later. */
const CHANGED_TRIES = 3;

/**
 * Sends one file in one of three ways, and proves that it arrived: small files from memory, large ones in parts, or
 * whole from the disk where the store knows no parts. Tries once; when to try again is decided elsewhere (outcome.ts).
 */
export class Uploader {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #verifier: Verifier;
  /** Sent and not on record, by record; a few at most, since a journal without room holds all files. */
  readonly #unrecorded = new Map<number, Acknowledged>();

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
    this.#verifier = new Verifier(clock);
  }

  /**
   * Resolves when the store has acknowledged the object; `prove` is to follow.
   * Throws what ObjectStore's methods throw, source_changed, source_missing.
   */
  async send(sending: Sending): Promise<Acknowledged> {
    this.#verifier.sending(sending);
    try {
      return await this.#sendUnchanged(sending);
    } catch (error) {
      this.#verifier.notSent(sending);
      throw error;
    }
  }

  async #sendUnchanged(sending: Sending): Promise<Acknowledged> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#sendOnce(
          sending,
          identityOf(attempt === 1 ? sending.file.stats : sending.file.stat()),
        );
      } catch (error) {
        const isChanged = error instanceof SluiceError && error.code === 'source_changed';
        if (!isChanged || attempt >= CHANGED_TRIES || sending.signal.aborted) throw error;
      }
    }
  }

  /**
   * How far it is proven that the object is what was sent: by the answer already, or by asking. Sends nothing, and may be
   * called again, after a restart as well. Throws as Verifier.verify.
   */
  async prove(asking: Asking, acknowledged: Acknowledged): Promise<Sent> {
    const { verified, identity, crc32 } = acknowledged;
    if (verified !== null) {
      this.#verifier.notSent(asking);
      return { ...acknowledged, verified };
    }
    const { id } = asking.record;
    const parts = this.#partsOf(id, asking, identity);
    const expected = { size: identity.size, crc32: crc32 ?? undefined, parts };
    const sent = await this.#verifier.verify(asking, acknowledged, expected);
    if (parts) await this.#journal.dropUpload(id);
    return sent;
  }

  /** It was sent, and the journal has no room to say so: the next attempt of this run need not send it again. */
  remember(recordId: number, acknowledged: Acknowledged): void {
    this.#unrecorded.set(recordId, acknowledged);
  }

  /** What an attempt before could not put on record; asked for once. */
  takeRemembered(recordId: number): Acknowledged | undefined {
    const acknowledged = this.#unrecorded.get(recordId);
    this.#unrecorded.delete(recordId);
    return acknowledged;
  }

  /** What could not be put on record so far, by record. */
  unrecorded(): [recordId: number, acknowledged: Acknowledged][] {
    return [...this.#unrecorded];
  }

  /** What was acknowledged did not arrive: the next `send` begins anew. */
  async forget(asking: Asking, { identity }: Acknowledged): Promise<void> {
    const { id } = asking.record;
    if (this.#partsOf(id, asking, identity)) await this.#journal.dropUpload(id);
  }

  /** What it was made of, as long as it is not proven; only large files have parts. */
  #partsOf(
    recordId: number,
    { settings }: Asking,
    { size }: FileIdentity,
  ): UnfinishedUpload['parts'] | undefined {
    return size > settings.partsAboveBytes ? this.#journal.upload(recordId)?.parts : undefined;
  }

  async #sendOnce(sending: Sending, identity: FileIdentity): Promise<Acknowledged> {
    const { settings, record, file, store, signal, pace, onProgress } = sending;
    const destination = destinationFor(settings, record.profile, record.bucket);
    const at = { bucket: record.bucket, key: sending.key ?? objectKey(record.filepath, destination) };
    const seen = { mtimeMs: identity.mtimeMs, mode: file.stats.mode };
    if (identity.size > settings.partsAboveBytes) {
      const properties = propertiesOf(record.filepath, seen, destination, { nowMs: this.#clock.nowMs() });
      const { ctimeMs } = file.stat();
      const large = {
        ...sending,
        at,
        identity,
        ctimeMs,
        properties,
        journal: this.#journal,
        clock: this.#clock,
      };
      if (store.limits.maxSinglePutBytes === Number.POSITIVE_INFINITY) return sendWhole(large);
      let inParts: SentInParts;
      try {
        inParts = await sendInParts(large);
      } catch (error) {
        const isUnknown = error instanceof SluiceError && error.code === 'not_supported';
        if (!isUnknown || identity.size > store.limits.maxSinglePutBytes) throw error;
        const unfinished = this.#journal.upload(record.id);
        if (unfinished) await abandonUpload(large, unfinished);
        const whole = await sendWhole(large);
        const departure = ['whole, not in parts', whole.departure].filter(Boolean).join(', ');
        return { ...whole, departure };
      }
      const crc32 = inParts.expected.crc32 ?? inParts.result.crc32 ?? null;
      const isAnswered = isProvenInParts(inParts.result, inParts.expected.parts ?? []);
      const { etag, departure = null } = inParts.result;
      return { key: at.key, etag, crc32, ...seenOf(inParts.stats), verified: null, departure, isAnswered };
    }
    const { body, stats } = await readWhole(file, identity);
    // All of it is in memory: no descriptor is kept for as long as the server takes.
    file.close();
    const crc32 = crc32Of(body);
    const properties = propertiesOf(record.filepath, seen, destination, {
      nowMs: this.#clock.nowMs(),
      crc32,
    });
    const result = await store.putObject(at, { body }, { ...properties, signal, pace, onProgress });
    const isAnswered = isProven(result, crc32, body);
    return {
      key: at.key,
      etag: result.etag,
      crc32,
      ...seenOf(stats),
      verified: isAnswered && settings.verify === 'answer' ? 'checksum' : null,
      departure: result.departure ?? null,
      isAnswered,
    };
  }
}

/** From the disk in one request, however large. */
async function sendWhole(sending: SendingInParts): Promise<Acknowledged> {
  const { store, file, at, identity, properties, signal, pace, onProgress } = sending;
  const source = { path: file.path, size: identity.size, file: guardedSource(file, sending, signal) };
  const result = await store.putObject(at, source, { ...properties, signal, pace, onProgress });
  const still = await assertStillSame(file, sending, result.crc32, signal);
  const { etag, crc32 = null, departure = null } = result;
  return { key: at.key, etag, crc32, ...seenOf(still), verified: null, departure };
}

/** What tells the content that was read from any other: `Acknowledged`. */
function seenOf(stats: Stats): Pick<Acknowledged, 'identity' | 'ctimeMs'> {
  return { identity: identityOf(stats), ctimeMs: stats.ctimeMs };
}
