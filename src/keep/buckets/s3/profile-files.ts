import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import type { ProfileSurroundings } from '../object-store-definition.ts';
import { customerKeyOf } from './customer-key.ts';
import type { S3Profile } from './profile.ts';

/**
 * The profile with what stands in other files and in the environment: certificates (`ca_bundle`, or AWS_CA_BUNDLE) and
 * the key for SSE-C. Paths are relative to the credentials file. Throws credentials_invalid, which shows no key.
 */
export async function withOtherFiles(
  profile: S3Profile,
  surroundings: ProfileSurroundings,
): Promise<S3Profile> {
  const { env } = surroundings;
  const caFile = profile.caFile ?? (env.AWS_CA_BUNDLE || undefined);
  const { customerKeyFrom } = profile;
  if (caFile === undefined && customerKeyFrom === undefined) return profile;
  const fault = (words: string): SluiceError =>
    new SluiceError('credentials_invalid', `profile "${profile.name}": ${words}`, { subject: profile.name });
  const read = async (setting: string, file: string): Promise<Buffer> => {
    const path = resolve(dirname(surroundings.path), file.replace(/^~(?=\/|$)/, homedir()));
    try {
      return await readFile(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'it does not exist' : String(code);
      throw fault(`${setting} ${path} cannot be read: ${why}`);
    }
  };
  let ca: string | undefined;
  if (caFile !== undefined) {
    ca = (await read('ca_bundle', caFile)).toString();
    if (!ca.includes('-----BEGIN CERTIFICATE-----'))
      throw fault(`ca_bundle ${caFile} holds no certificate (PEM)`);
  }
  const contentOf = async (): Promise<string | Buffer | undefined> => {
    if (customerKeyFrom === undefined) return undefined;
    if ('text' in customerKeyFrom) return customerKeyFrom.text.reveal();
    if ('file' in customerKeyFrom) return read('sse_customer_key_file', customerKeyFrom.file);
    const value = env[customerKeyFrom.variable];
    if (!value) throw fault(`the variable ${customerKeyFrom.variable} (sse_customer_key_env) is not set`);
    return value;
  };
  const content = await contentOf();
  const customerKey = content === undefined ? undefined : customerKeyOf(content);
  if (typeof customerKey === 'string')
    throw fault(`what sse_customer_key_file or _env leads to ${customerKey}`);
  return { ...profile, ca, customerKey };
}
