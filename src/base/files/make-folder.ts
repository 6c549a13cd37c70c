import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** What mkdir(2) said of one folder: it was made, was there, or what it should lie in is missing. */
type Answer = 'made' | 'there' | 'missing';

/** So often may somebody remove a folder while one is made in it. */
const ROUNDS = 5;

/**
 * Makes a folder with all above it that are missing; one that is there is left as it is, also on a disk that cannot be
 * written. Takes the place of Node's `recursive`, which asks without end where a file system says that a folder's place
 * does not exist though all above it is there (procfs, mounts whose server has lost what it gave out).
 * @param mode of every folder that is made
 * @returns the uppermost folder that was made; undefined where all was there
 * @throws what mkdir(2) says: EEXIST or ENOTDIR where something else lies there, ENOENT where none can be made
 */
export function makeFolderSync(path: string, mode = 0o777): string | undefined {
  const steps = stepsTo(resolve(path));
  for (let step = steps.next(); ; ) {
    if (step.done) return step.value;
    step = steps.next(answerOf(step.value));
  }

  function answerOf(folder: string): Answer {
    try {
      mkdirSync(folder, { mode });
      return 'made';
    } catch (error) {
      if (isMissing(error)) return 'missing';
      if (isFolder(folder)) return 'there';
      throw error;
    }
  }
}

/** As `makeFolderSync`, without holding up the thread. */
export async function makeFolder(path: string, mode = 0o777): Promise<string | undefined> {
  const steps = stepsTo(resolve(path));
  for (let step = steps.next(); ; ) {
    if (step.done) return step.value;
    step = steps.next(await answerOf(step.value));
  }

  async function answerOf(folder: string): Promise<Answer> {
    try {
      await mkdir(folder, { mode });
      return 'made';
    } catch (error) {
      if (isMissing(error)) return 'missing';
      // What mkdir said is what is told, whatever hinders a look.
      const there = await stat(folder).catch(() => undefined);
      if (there?.isDirectory()) return 'there';
      throw error;
    }
  }
}

/** Which folder is to be made next, by what became of the last one: up to one that is there, and down again. Pure. */
function* stepsTo(folder: string): Generator<string, string | undefined, Answer> {
  let first: string | undefined;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const below: string[] = [];
    let next = folder;
    let answer = yield next;
    while (answer === 'missing' && dirname(next) !== next) {
      below.push(next);
      next = dirname(next);
      answer = yield next;
    }
    if (answer === 'made') first ??= next;
    while (answer !== 'missing') {
      const child = below.pop();
      if (child === undefined) return first;
      answer = yield child;
      if (answer === 'made') first ??= child;
    }
  }
  const message = `ENOENT: no such file or directory, mkdir '${folder}'`;
  throw Object.assign(new Error(message), { code: 'ENOENT', errno: -2, syscall: 'mkdir', path: folder });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // What mkdir said is what is told, whatever hinders a look.
    return false;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
