import { CATALOGUE } from '../../src/base/errors.ts';
import { code, GENERATED, table } from './markdown.ts';

/** docs/reference/errors.md, from the catalogue. */
export function errorsReference(): string {
  const rows = Object.entries(CATALOGUE)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { retry, exitCode, status, meaning, remedy }]) => [
      code(name),
      meaning,
      remedy,
      retry,
      String(exitCode),
      String(status),
    ]);
  return `${GENERATED}

# Errors

Every failure carries one of these codes: in logs, in \`--json\` output, and in the problem details of the HTTP
API. *Retry* says what trying again would bring: \`permanent\` the same failure, \`transient\` perhaps success,
\`cancelled\` that somebody asked for the work to stop. Where a case at hand is known better, the error itself
says so (a hint of its own, another retry class).

${table(['Code', 'Meaning', 'What to do', 'Retry', 'Exit code', 'HTTP status'], rows)}
`;
}
