import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../../base/errors.ts';
import type { ReadingFormat } from './settings.ts';
import { MAX_READING_BYTES, type RawReading } from './sources/source.ts';

/** A reading as it is kept: the text of one JSON value for a line of a file, or bytes that are a file of their own. */
export type Reading =
  | { readonly kind: 'value'; readonly json: string; readonly topic?: string }
  | { readonly kind: 'binary'; readonly bytes: Buffer; readonly extension: string; readonly topic?: string };

/** When a reading was asked for and when it was there; milliseconds since the epoch. */
export interface ReadingTimes {
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const BINARY_TYPE = /^(image|audio|video)\/|^application\/(octet-stream|pdf|zip|gzip|x-)/i;

/**
 * What a source yielded, as the reading that it is. `auto`: bytes that are not UTF-8, or whose content type says so,
 * are binary; what is a JSON value is one; anything else is text, less blanks at its ends. JSON keeps its own digits.
 * Pure.
 * @throws SluiceError reading_invalid when it is not what `format` says, answer_too_large
 */
export function parseReading(raw: RawReading, format: ReadingFormat, extension: string | null): Reading {
  if ('json' in raw) return { kind: 'value', json: raw.json };
  const { bytes, contentType = '', topic } = raw;
  if (bytes.length > MAX_READING_BYTES)
    throw new SluiceError('answer_too_large', `a reading of more than ${MAX_READING_BYTES / 2 ** 20} MiB`);
  const isText = isUtf8(bytes);
  if (format === 'binary' || (format === 'auto' && (!isText || BINARY_TYPE.test(contentType)))) {
    const subtype = /^[a-z]+\/([a-z0-9]{1,16})\b/i.exec(contentType)?.[1];
    const known = subtype === 'octet' ? undefined : subtype;
    const named = extension ?? raw.extension ?? known ?? 'bin';
    return { kind: 'binary', bytes, extension: RESERVED_EXTENSIONS.has(named) ? 'bin' : named, topic };
  }
  if (!isText) throw new SluiceError('reading_invalid', 'the reading is not UTF-8 text');
  const text = bytes.toString('utf8').trim();
  return { kind: 'value', json: jsonOf(text, format), topic };
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
      { cause: error },
    );
  }
}

/** Extensions that mean something else in the capture folder. */
const RESERVED_EXTENSIONS: ReadonlySet<string> = new Set(['prog', 'ndjson']);
