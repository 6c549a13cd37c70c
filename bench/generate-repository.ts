/**
 * Makes a bare repository of any size for bench/bake.ts, the same for the same numbers.
 * Usage: node bench/generate-repository.ts DIRECTORY [--commits 100000] [--authors 2000]
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { seededRandom } from '../src/base/random.ts';

const START_SECOND = 1_200_000_000;
const LINES_AT_ONCE = 1000;
/** Two commits of the main line, two of a branch that left it between them, and the merge of both. */
const ROUND = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    commits: { type: 'string', default: '100000' },
    authors: { type: 'string', default: '2000' },
  },
});
const [directory] = positionals;
if (directory === undefined) throw new Error('name the directory to make');
await generate(directory, Number(values.commits), Number(values.authors));

async function generate(gitDir: string, commits: number, authors: number): Promise<void> {
  execFileSync('git', ['init', '-q', '--bare', '--initial-branch=main', gitDir]);
  const importer = spawn('git', [`--git-dir=${gitDir}`, 'fast-import', '--quiet'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const random = seededRandom(1);
  for (let index = 0; index < commits; index += LINES_AT_ONCE) {
    const size = Math.min(LINES_AT_ONCE, commits - index);
    const text = Array.from({ length: size }, (_, nth) => commitOf(index + nth, authors, random)).join('');
    if (!importer.stdin.write(text)) await once(importer.stdin, 'drain');
  }
  importer.stdin.end();
  const [status] = await once(importer, 'close');
  if (status !== 0) throw new Error(`git fast-import ended with ${status}`);
}

function commitOf(index: number, authors: number, random: () => number): string {
  // A few write most of it, as everywhere.
  const person = Math.floor(random() ** 3 * authors);
  const who = `Person ${person} <person${person}@example.org> ${START_SECOND + index * 600} +0100`;
  const body = Array.from(
    { length: 3 + Math.floor(random() * 12) },
    () => 'A line of the message that says why.',
  );
  const message = `area${person % 40}: change number ${index}\n\n${body.join('\n')}\n\nSigned-off-by: Person ${person}\n`;
  const [from, merged] = parentsOf(index);
  const parents = `${from === undefined ? '' : `from :${from + 1}\n`}${merged === undefined ? '' : `merge :${merged + 1}\n`}`;
  return (
    `commit refs/heads/main\nmark :${index + 1}\nauthor ${who}\ncommitter ${who}\n` +
    `data ${Buffer.byteLength(message)}\n${message}${parents}\n`
  );
}

/**
 * Parents of a commit. Branches are merged soon, as people do: git 2.39 keeps the commits that it has yet to show in a
 * list in order of time, and merges of far older commits make that list, and each step over it, as long as the history.
 */
function parentsOf(index: number): number[] {
  if (index === 0) return [];
  if (index % ROUND === 2) return [index - 2];
  if (index % ROUND === 4) return [index - 3, index - 1];
  return [index - 1];
}
