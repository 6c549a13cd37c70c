import { hash } from 'node:crypto';
import { type IniSection, lineOf, settingOf } from '../credentials/ini.ts';
import { Secret } from '../credentials/secret.ts';

/** Where a key for SSE-C is to be had: the profile's own section, a file, a variable of the environment. */
export type CustomerKeySource =
  | { readonly text: Secret }
  | { readonly file: string }
  | { readonly variable: string };

const IN_PLACE = ['sse_customer_key'];
const IN_FILE = ['sse_customer_key_file'];
const IN_VARIABLE = ['sse_customer_key_env'];

/** AES-256 (S3 user guide, "Using server-side encryption with customer-provided keys"). */
const KEY_BYTES = 32;

/** Where a section has its key from, or in words what is wrong with that; undefined where it has none. Pure. */
export function customerKeySourceOf(section: IniSection): CustomerKeySource | string | undefined {
  const text = settingOf(section, IN_PLACE);
  const file = settingOf(section, IN_FILE);
  const variable = settingOf(section, IN_VARIABLE);
  const given = [text, file, variable].filter(value => value !== undefined);
  if (given.length > 1)
    return 'of sse_customer_key, sse_customer_key_file and sse_customer_key_env only one may be given';
  if (text !== undefined) {
    const fault = customerKeyOf(text);
    const line = lineOf(section, IN_PLACE);
    if (typeof fault === 'string') return `${line === undefined ? '' : `${line}: `}sse_customer_key ${fault}`;
    return { text: fault };
  }
  if (file !== undefined) return { file };
  return variable === undefined ? undefined : { variable };
}

/**
 * The key in base64, from that or from the 32 bytes themselves; in words what is wrong with it, which do not show it.
 * Pure.
 */
export function customerKeyOf(content: string | Buffer): Secret | string {
  if (Buffer.isBuffer(content) && content.length === KEY_BYTES) return new Secret(content.toString('base64'));
  const text = content.toString('latin1').trim();
  const isBase64 = /^[A-Za-z0-9+/]{43}=$/.test(text);
  return isBase64 ? new Secret(text) : 'is no key: give 32 bytes, or their base64 (openssl rand -base64 32)';
}

/** The headers that every request about an object's content carries; none without a key. Pure. */
export function customerKeyHeaders(key: Secret | undefined): Readonly<Record<string, string>> {
  if (key === undefined) return {};
  const base64 = key.reveal();
  return {
    'x-amz-server-side-encryption-customer-algorithm': 'AES256',
    'x-amz-server-side-encryption-customer-key': base64,
    'x-amz-server-side-encryption-customer-key-md5': hash('md5', Buffer.from(base64, 'base64'), 'base64'),
  };
}

/** The same as the AWS SDK wants it in its commands. */
export function customerKeyInput(key: Secret | undefined): {
  readonly SSECustomerAlgorithm?: string;
  readonly SSECustomerKey?: string;
  readonly SSECustomerKeyMD5?: string;
} {
  if (key === undefined) return {};
  const headers = customerKeyHeaders(key);
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.reveal(),
    SSECustomerKeyMD5: headers['x-amz-server-side-encryption-customer-key-md5'],
  };
}
