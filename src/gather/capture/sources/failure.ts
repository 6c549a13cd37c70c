import { getSystemErrorMap } from 'node:util';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';

/**
 * What went wrong with a reading, as a failure that names its source. An error of the system is the source's (a device
 * that is off, a link that leads in a circle), in the system's words; it never is a fault of ours, nor of the disk.
 * Pure.
 * @param what what was done to what: `read`, `/sys/class/net/lo/speed`
 */
export function readingFailure(
  error: unknown,
  what: { readonly operation: string; readonly subject: string },
): SluiceError {
  if (error instanceof SluiceError) return error;
  const { errno, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (typeof errno !== 'number') return asSluiceError(error, what);
  const [name, words] = getSystemErrorMap().get(errno) ?? [
    code ?? `error ${-errno}`,
    'an error of the system',
  ];
  return new SluiceError(
    'reading_failed',
    `${what.subject}: cannot ${what.operation} it: ${words} (${name})`,
    {
      ...what,
      cause: error,
    },
  );
}

/**
 * What errors have in common that differ only in the file, the number or the words that they quote. Of a full disk it is
 * the same for all collectors. Pure.
 */
export function kindOfError(collector: string, { code, operation = '', message }: SluiceError): string {
  if (code === 'disk_full') return code;
  const gist = message.replace(/'[^']*'|"[^"]*"|[^\s:]*\/\S*/g, '…').replace(/\d+/g, '0');
  return [collector, code, operation, gist].join('\n');
}
