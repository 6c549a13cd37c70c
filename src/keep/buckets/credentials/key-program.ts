import { runProgram } from '../../../base/run-program.ts';

/** No key is as long. */
const MAX_OUTPUT_BYTES = 2 ** 20;

/** A key as the program printed it. */
export interface PrintedKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly expiration: Date | undefined;
}

/**
 * Has a shell run a profile's credential_process (AWS SDKs and Tools reference guide, "Process credential provider"). It
 * and all that it started are killed with the signal. Not by the AWS SDK, which cannot end it.
 * @throws Error in words that hold nothing of the command or of what it printed; the signal's reason
 */
export async function keyOfProgram(
  command: string,
  profile: string,
  signal: AbortSignal,
): Promise<PrintedKey> {
  const { exitCode, output } = await runProgram(['/bin/sh', '-c', command], {
    signal,
    maxBytes: MAX_OUTPUT_BYTES,
  }).end;
  if (exitCode !== 0) throw new Error('the program ended with an error');
  const printed = parsed(output);
  const returned = (what: string): Error =>
    new Error(`Profile ${profile} credential_process returned ${what}`);
  if (printed === undefined) throw returned('invalid JSON.');
  if (printed.Version !== 1)
    throw new Error(`Profile ${profile} credential_process did not return Version 1.`);
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = printed;
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string')
    throw returned('invalid credentials.');
  const expiration = Expiration ? new Date(String(Expiration)) : undefined;
  if (expiration && expiration.getTime() < Date.now()) throw returned('expired credentials.');
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: typeof SessionToken === 'string' && SessionToken !== '' ? SessionToken : undefined,
    expiration,
  };
}

function parsed(output: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(output.toString('utf8').trim());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
