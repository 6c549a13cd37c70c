/**
 * Run as a process: `burst-writer.ts ROOT DIRECTORIES FILES_EACH`. Makes new directories and at once writes files into
 * them, each in two halves of 32 bytes, so that a file of 64 bytes is a complete one.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const [root = '', directories = '0', filesEach = '0'] = process.argv.slice(2);
const half = Buffer.alloc(32, 'x');
for (let d = 0; d < Number(directories); d += 1) {
  const directory = join(root, `area-${d % 7}`, `new-${d}`);
  mkdirSync(directory, { recursive: true });
  for (let f = 0; f < Number(filesEach); f += 1) {
    const file = openSync(join(directory, `file-${f}`), 'w');
    writeSync(file, half);
    writeSync(file, half);
    closeSync(file);
  }
}
