import { SluiceError } from '../base/errors.ts';

/** One thing wrong with the configuration. */
export interface ConfigFault {
  /** The file, as a person would name it from the current directory; absent when a variable or option is at fault. */
  readonly file?: string;
  /** From 1; of the setting's key where it has one. */
  readonly line?: number;
  /** From 1, in UTF-16 code units. */
  readonly column?: number;
  /** `SLUICE_PORT` or `--port` where the value came from there. */
  readonly origin?: string;
  /** The setting, as `formatPath` writes it; empty when the file as a whole is meant. */
  readonly path: string;
  /** What is wrong and what would be right; follows the path in a sentence. Holds no secret. */
  readonly message: string;
}

/** `sluice.yaml:12:3 cache.maxSize: "5 gigs" is not a size; write it like 5GiB` */
export function formatFault(fault: ConfigFault): string {
  const { file, line, column, origin, path, message } = fault;
  if (origin !== undefined) return `${origin}${path && ` (${path})`}: ${message}`;
  const place = [file, line, column].filter(part => part !== undefined).join(':');
  return [place, path && `${path}:`, message].filter(Boolean).join(' ');
}

/** Thrown with every fault at once; `message` has one line a fault. */
export class ConfigError extends SluiceError {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[], cause?: unknown) {
    super('config_invalid', faults.map(formatFault).join('\n'), {
      operation: 'read configuration',
      subject: faults[0]?.file,
      // A file as a whole has no lines to mend.
      hint: hintFor(faults),
      cause,
    });
    this.faults = faults;
  }
}

function hintFor(faults: readonly ConfigFault[]): string | undefined {
  if (faults.every(({ origin }) => origin !== undefined))
    return 'Put right the options or variables that are named.';
  // A file as a whole has no lines to mend.
  return faults.every(({ path, line, origin }) => path === '' && line === undefined && origin === undefined)
    ? 'Name a file that is there and holds lines like "name: value"; "sluice config init -o FILE" begins one.'
    : undefined;
}
