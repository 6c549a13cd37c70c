import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../../base/errors.ts';
import type { CollectorPlan, ReadingFormat } from './settings.ts';
import { MAX_READING_BYTES, type Raw } from './sources/source.ts';

/** A reading as it is kept: the text of one JSON value for a line of a file, or bytes that are a file of their own. */
export type Reading =
  | { readonly kind: 'value'; readonly json: string; readonly topic?: string }
  | { readonly kind: 'binary'; readonly bytes: Buffer; readonly extension: string; readonly topic?: string };

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const BINARY_TYPE = /^(image|audio|video)\/|^application\/(octet-stream|pdf|zip|gzip|x-)/i;

/**
 * Tells what a reading is (V3). `auto`: bytes that are not UTF-8, or whose content type says so, are binary; what is a JSON value
 * is one; anything else is text, less blanks at its ends. JSON keeps its own digits. Pure.
 * @throws SluiceError reading_invalid when it is not what `format` says, answer_too_large
 */
export function interpret(raw: Raw, format: ReadingFormat, extension: string | null): Reading {
  if ('json' in raw) return { kind: 'value', json: raw.json };
  const { bytes, contentType = '', topic } = raw;
  if (bytes.length > MAX_READING_BYTES)
    throw new SluiceError('answer_too_large', `a reading of more than ${MAX_READING_BYTES / 2 ** 20} MiB`);
  const about = topic === undefined ? {} : { topic };
  const isText = isUtf8(bytes);
  if (format === 'binary' || (format === 'auto' && (!isText || BINARY_TYPE.test(contentType)))) {
    const subtype = /^[a-z]+\/([a-z0-9]{1,16})\b/i.exec(contentType)?.[1];
    const known = subtype === 'octet' ? undefined : subtype;
    const named = extension ?? raw.extension ?? known ?? 'bin';
    return { kind: 'binary', bytes, extension: TAKEN.has(named) ? 'bin' : named, ...about };
  }
  if (!isText) throw new SluiceError('reading_invalid', 'the reading is not UTF-8 text');
  const text = bytes.toString('utf8').trim();
  return { kind: 'value', json: jsonOf(text, format), ...about };
}

function jsonOf(text: string, format: ReadingFormat): string {
  if (format === 'text') return JSON.stringify(text);
  if (JSON_NUMBER.test(text)) return text;
  try {
    JSON.parse(text);
    // Line breaks in valid JSON stand between its parts only.
    return text.replace(/[\r\n]+/g, ' ');
  } catch (error) {
    if (format === 'auto') return JSON.stringify(text);
    throw new SluiceError(
      'reading_invalid',
      `the reading is not JSON: ${JSON.stringify(text.slice(0, 60))}`,
      {
        cause: error,
      },
    );
  }
}

/** Extensions that mean something else in the capture folder. */
const TAKEN: ReadonlySet<string> = new Set(['prog', 'ndjson']);

/** When a reading was asked for and when it was there; milliseconds since the epoch. */
export interface Times {
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
}

/** Writes the lines of one collector: what never changes is put together once. */
export class LineWriter {
  readonly #head: string;

  constructor(plan: CollectorPlan, station: string) {
    const { name: collector, source, everyMs, tags } = plan;
    const facts = { collector, method: source.method, interval_ms: everyMs, tags, station };
    this.#head = `${JSON.stringify(facts).slice(0, -1)},"requested_at":"`;
  }

  /** A JSON object in one line, line end included. */
  line(json: string, times: Times, topic?: string): string {
    const about = topic === undefined ? '' : `"topic":${JSON.stringify(topic)},`;
    return `${this.#facts(times)},${about}"reading":${json}}\n`;
  }

  /** The metadata of a binary reading, as JSON. */
  metadata(
    times: Times,
    about: { readonly file: string; readonly bytes: number; readonly crc32: string; readonly topic?: string },
  ): string {
    return `${this.#facts(times)},${JSON.stringify(about).slice(1)}\n`;
  }

  #facts({ requestedAtMs, receivedAtMs }: Times): string {
    return `${this.#head}${iso(requestedAtMs)}","received_at":"${iso(receivedAtMs)}"`;
  }
}

let lastMs = Number.NaN;
let lastIso = '';

/** Many readings share a millisecond. */
function iso(ms: number): string {
  if (ms !== lastMs) [lastMs, lastIso] = [ms, new Date(ms).toISOString()];
  return lastIso;
}
