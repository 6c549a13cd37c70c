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
/** Every so many commits one merges an older one, as in a history with branches. */
const MERGE_EVERY = 5;

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
  const from = index === 0 ? '' : `from :${index}\n`;
  const merged = Math.floor(index * random());
  const merge = index % MERGE_EVERY === 4 && merged > 0 ? `merge :${merged}\n` : '';
  return (
    `commit refs/heads/main\nmark :${index + 1}\nauthor ${who}\ncommitter ${who}\n` +
    `data ${Buffer.byteLength(message)}\n${message}${from}${merge}\n`
  );
}
