/**
 * The other process of the watch torture: `watch-writer.ts ROOT OUTSIDE`. At `{first, last}` over IPC it makes
 * those files and answers `done`. A file's name ends in its full size, so that whoever sees it knows whether it is
 * whole.
 */
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const [root = '', outside = ''] = process.argv.slice(2);
const DIRECTORIES = 500;
const OPEN_AT_ONCE = 200;
const TREE_FILES = 10;

function directoryOf(n: number): string {
  const d = n % DIRECTORIES;
  return join(root, `a${d % 10}`, `b${d % 50}`, `c${d}`);
}

function nameOf(n: number): string {
  return `f${n}-${64 + (n % 7) * 100}`;
}

function contentOf(n: number): Buffer {
  return Buffer.alloc(64 + (n % 7) * 100, 'x');
}

/** Open, half, pause, the rest, pause, close. */
async function writeSlowly(n: number): Promise<void> {
  const content = contentOf(n);
  const file = openSync(join(directoryOf(n), nameOf(n)), 'w');
  writeSync(file, content.subarray(0, 32));
  await pause(5 + (n % 97) * 3);
  writeSync(file, content.subarray(32));
  await pause(n % 11);
  closeSync(file);
}

function renameIn(n: number): void {
  const aside = join(outside, `${n}`);
  writeFileSync(aside, contentOf(n));
  renameSync(aside, join(directoryOf(n), nameOf(n)));
}

function linkIn(n: number): void {
  const origin = join(outside, `origin-${n}`);
  writeFileSync(origin, contentOf(n));
  linkSync(origin, join(directoryOf(n), nameOf(n)));
}

/** Gathers files into a tree outside; moves the tree in once it holds enough. */
function addToTree(n: number): void {
  const tree = join(outside, 'tree');
  mkdirSync(join(tree, 'deep', `${n}`), { recursive: true });
  writeFileSync(join(tree, 'deep', `${n}`, nameOf(n)), contentOf(n));
  if (readdirSync(join(tree, 'deep')).length >= TREE_FILES) moveTree(n);
}

function moveTree(n: number): void {
  renameSync(join(outside, 'tree'), join(root, `a${n % 10}`, `tree-${n}`));
}

async function make(first: number, last: number): Promise<void> {
  const slow = new Set<Promise<void>>();
  for (let n = first; n < last; n += 1) {
    mkdirSync(directoryOf(n), { recursive: true });
    if (n % 3 === 0) {
      const written = writeSlowly(n).finally(() => slow.delete(written));
      slow.add(written);
    } else if (n % 3 === 1) renameIn(n);
    else if (n % 5 === 0) linkIn(n);
    else if (n % 5 === 1) addToTree(n);
    else writeFileSync(join(directoryOf(n), nameOf(n)), contentOf(n));
    if (slow.size >= OPEN_AT_ONCE) await Promise.race(slow);
  }
  await Promise.all(slow);
  if (readdirSync(outside).includes('tree')) moveTree(last);
}

process.on('message', ({ first, last }: { first: number; last: number }) => {
  void make(first, last).then(() => process.send?.('done'));
});
