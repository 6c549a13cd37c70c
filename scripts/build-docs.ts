/**
 * `npm run docs`: makes a site of README, docs and what they lead to, in `site/` (or the folder given), to be opened from
 * the disk or served by anything. Ends with 1, and names them, where links lead nowhere.
 */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeSite, STYLE } from './docs/site.ts';

const ROOT = resolve(import.meta.dirname, '..');
const target = resolve(process.argv[2] ?? join(ROOT, 'site'));

const paths = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).sort();
const sources = paths.map(path => ({ path, markdown: readFileSync(join(ROOT, path), 'utf8') }));
const exists = (path: string): boolean => existsSync(join(ROOT, path));
const { pages, files, broken } = makeSite(sources, exists);
rmSync(target, { recursive: true, force: true });
const write = (place: string, content: string): void => {
  mkdirSync(dirname(join(target, place)), { recursive: true });
  writeFileSync(join(target, place), content);
};
for (const [place, content] of pages) write(place, content);
write('site.css', STYLE);
for (const file of files) cpSync(join(ROOT, file), join(target, file), { recursive: true });
console.log(`${pages.size} pages and ${files.size} files in ${target}`);
for (const link of broken) console.error(`a link leads nowhere: ${link}`);
process.exitCode = broken.length === 0 ? 0 : 1;
