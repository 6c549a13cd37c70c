import { SluiceError } from '../../base/errors.ts';
import { MAX_READING_BYTES, type RawReading, type ReadingFormat } from './sources/source.ts';
import { charsetOf, decodeText } from './text-encoding.ts';

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
/** Kinds that are no text, even where their bytes could be some. */
const BINARY_TYPE =
  /^\s*((image|audio|video|font)\/|application\/(octet-stream|pdf|zip|gzip|x-gzip|x-tar)\b)/i;

const JSON_TYPE = /^\s*application\/([\w.+-]*\+)?json\b/i;

/** What a collector says of its readings. */
export interface ReadingKind {
  readonly format: ReadingFormat;
  /** The encoding of text, where it is set; what the source says of it counts less. */
  readonly charset: string | null;
  /** Of binary ones. */
  readonly extension: string | null;
}

/**
 * What a source yielded, as the reading that it is. `auto`: bytes that are no text in their encoding, or whose content
 * type says so, are binary; what is a JSON value is one; anything else is text, less blanks at its ends. JSON keeps its
 * own digits. Pure.
 * @throws SluiceError reading_invalid when it is not what `format` says, answer_too_large
 */
export function parseReading(raw: RawReading, { format, charset, extension }: ReadingKind): Reading {
  if ('json' in raw) return { kind: 'value', json: raw.json };
  const { bytes, contentType = '', topic } = raw;
  if (bytes.length > MAX_READING_BYTES)
    throw new SluiceError('answer_too_large', `a reading of more than ${MAX_READING_BYTES / 2 ** 20} MiB`);
  const isBinary = format === 'binary' || (format === 'auto' && BINARY_TYPE.test(contentType));
  const text = isBinary ? undefined : decodeText(bytes, charset ?? charsetOf(contentType));
  if (text !== undefined) return { kind: 'value', json: jsonOf(text.trim(), format, contentType), topic };
  if (format !== 'binary' && format !== 'auto')
    throw new SluiceError('reading_invalid', `the reading is no text in ${charset ?? 'UTF-8'}`);
  const subtype = /^[a-z]+\/([a-z0-9]{1,16})\b/i.exec(contentType)?.[1];
  const known = subtype === 'octet' ? undefined : subtype;
  const named = extension ?? raw.extension ?? known ?? 'bin';
  return { kind: 'binary', bytes, extension: RESERVED_EXTENSIONS.has(named) ? 'bin' : named, topic };
}

function jsonOf(text: string, format: ReadingFormat, contentType: string): string {
  if (format === 'text') return JSON.stringify(text);
  if (JSON_NUMBER.test(text)) return text;
  try {
    JSON.parse(text);
    // Line breaks in valid JSON stand between its parts only.
    return text.replace(/[\r\n]+/g, ' ');
  } catch (error) {
    if (format === 'auto' && !(JSON_TYPE.test(contentType) && endsTooSoon(text))) return JSON.stringify(text);
    throw new SluiceError(
      'reading_invalid',
      `the reading is not JSON: ${JSON.stringify(text.slice(0, 60))}`,
      { cause: error },
    );
  }
}

/**
 * Whether what should be JSON ends before its value does: a part of a reading, which is none. What is wrong with it
 * otherwise (NaN is a favourite of devices) is kept as the text that it is. Pure.
 */
function endsTooSoon(text: string): boolean {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') isString = !isString;
    else if (isString && character === '\\') at += 1;
    else if (isString) continue;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
  }
  return isString || depth > 0;
}

/** Extensions that mean something else in the capture folder. */
const RESERVED_EXTENSIONS: ReadonlySet<string> = new Set(['prog', 'ndjson']);
