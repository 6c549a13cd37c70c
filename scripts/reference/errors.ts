import { CATALOGUE } from '../../src/base/errors.ts';
import { code, GENERATED, table } from './markdown.ts';

/** docs/reference/errors.md, from the catalogue. */
export function errorsReference(): string {
  const rows = Object.entries(CATALOGUE)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { answer, exitCode, status, meaning, remedy }]) => [
      code(name),
      meaning,
      remedy,
      answer,
      String(exitCode),
      String(status),
    ]);
  return `${GENERATED}

# Errors

Every failure carries one of these codes: in logs, in \`--json\` output, and in the problem details of the HTTP
API. *What follows*: \`give-up\` where the failure speaks of this very thing and would be the same again, \`hold\` where
it speaks of a place (a server that cannot be reached, a key, a full disk): what waits there stays where it is and goes
on by itself, \`retry\` where the trouble is passing, \`cancelled\` where somebody asked for the work to stop. Where a case
at hand is known better, the error itself says so.

${table(['Code', 'Meaning', 'What to do', 'What follows', 'Exit code', 'HTTP status'], rows)}
`;
}
