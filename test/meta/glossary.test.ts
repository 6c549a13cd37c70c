import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { openApiDocument } from '../../src/api/openapi.ts';
import {
  existsInRepository,
  exportedNames,
  isSourcePath,
  quotedWords,
  ROOT,
  sourceFiles,
} from '../support/source-tree.ts';

const GLOSSARY = readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8');
const [WORDS = '', RETIRED = ''] = GLOSSARY.split('\n## Words that we do not use\n');

/** The rows of the tables in a text, heads left out. */
function rowsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter(line => line.startsWith('| ') && !/^\| (Word|Not|---) /.test(line))
    .map(line =>
      line
        .slice(1, -1)
        .split('|')
        .map(cell => cell.trim()),
    );
}

/** `camelCase`, `PascalCase`, `UPPER_CASE` and `file-name.ts` as words in small letters. */
function wordsOf(name: string): string[] {
  return (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? []).map(word => word.toLowerCase());
}

/** Each a word or several in a row; a word that brackets qualify has another meaning that stays. */
const retiredWords = rowsOf(RETIRED)
  .flatMap(([words = '']) => words.split(', '))
  .filter(word => !word.endsWith(')'))
  .map(word => word.split(' '));

function retiredIn(name: string): string[] {
  const words = wordsOf(name);
  return retiredWords
    .filter(retired => words.some((_, at) => retired.every((word, i) => words[at + i] === word)))
    .map(retired => retired.join(' '));
}

test('no exported name and no file of src has a word in it that we do not use', () => {
  assert.ok(retiredWords.length > 10, 'is the table of words broken?');
  assert.deepEqual(retiredIn('linkBoardOf'), ['link board']);
  const named = [
    ...exportedNames().map(({ file, name }) => ({ file, name })),
    ...sourceFiles().map(file => ({ file, name: basename(file).replace(/\.\w+$/, '') })),
  ];
  assert.deepEqual(
    named.flatMap(({ file, name }) => retiredIn(name).map(word => `${file}: ${name} (${word})`)),
    [],
  );
});

/** Files of one name in sibling folders: implementations of one contract, which have the same helpers. */
function areSiblings(files: readonly string[]): boolean {
  const places = files.map(file => `${dirname(dirname(file))}/*/${basename(file)}`);
  return new Set(places).size === 1;
}

/** Whether files of the same name implement one contract on different databases. */
function areDialects(files: readonly string[]): boolean {
  return new Set(files.map(file => file.replace(/^keep\/(sqlite|postgres)\//, 'keep/'))).size === 1;
}

test('a name stands for one thing: no two files export types of the same name, or functions unless they are siblings', () => {
  const byName = new Map<string, string[]>();
  for (const { file, kind, name } of exportedNames()) {
    // The pages are modules of their own, each with an `open`.
    if (file.startsWith('web/') || kind === 'const') continue;
    const sort = kind === 'function' ? 'function' : 'type';
    byName.set(`${sort} ${name}`, [...(byName.get(`${sort} ${name}`) ?? []), file]);
  }
  const doubles = [...byName].filter(
    ([name, files]) =>
      files.length > 1 && !(name.startsWith('function') && (areSiblings(files) || areDialects(files))),
  );
  assert.deepEqual(doubles, []);
});

const names = new Set(exportedNames().map(({ name }) => name));
const settings = new Set(quotedWords(readFileSync(join(ROOT, 'docs/reference/config.md'), 'utf8')));
const schema = globSync('src/keep/sqlite/migrations/*.ts', { cwd: ROOT })
  .map(file => readFileSync(join(ROOT, file), 'utf8'))
  .join('\n');

/** The statement that makes a table or view. */
function definitionOf(table: string): string | undefined {
  return new RegExp(`CREATE (?:TABLE|VIEW) ${table}\\b.*?\``, 's').exec(schema)?.[0];
}

/** Whether what the third column names is there: a path, a setting, a table, a column, or else an exported name. */
function exists(word: string, cell: string): boolean {
  if (isSourcePath(word)) return existsInRepository(word);
  if (cell.includes(`setting \`${word}\``)) return settings.has(word);
  const [table = '', column] = word.split('.');
  if (/\b(tables?|view|column)\b/.test(cell) && definitionOf(table) !== undefined) {
    return column === undefined || new RegExp(`^\\s*${column}\\b`, 'm').test(definitionOf(table) ?? '');
  }
  return names.has(word);
}

test('the glossary has a place for each word, and each is there', () => {
  const rows = rowsOf(WORDS);
  assert.ok(rows.length > 80, `${rows.length}`);
  for (const row of rows) {
    const [word = '', meaning = '', where = ''] = row;
    assert.equal(row.length, 3, word);
    assert.ok(meaning.endsWith('.') || meaning.endsWith('…'), word);
    const named = quotedWords(where);
    assert.ok(named.length > 0, `${word}: where?`);
    for (const name of named) assert.ok(exists(name, where), `${word}: ${name} is not there`);
  }
});

test('a word has one row', () => {
  const words = rowsOf(WORDS).map(([word]) => word);
  assert.deepEqual([...new Set(words)], words);
});

/** Words of the glossary by what they are states of. */
const states = new Map(
  rowsOf(WORDS)
    .filter(([word = '']) => /^(state|outcome) of |^what a webhook/.test(word))
    .map(([word = '', meaning = '']) => [word, new Set(quotedWords(meaning))]),
);

/** The enumerations of a schema that are states, as words in a line. */
function statesIn(schema: unknown, found = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return found;
  const parameter = schema as { name?: unknown; schema?: unknown };
  const named = parameter.name === 'state' ? [['state', parameter.schema]] : [];
  for (const [key, value] of [...Object.entries(schema), ...named] as [
    string,
    { enum?: string[]; anyOf?: { enum?: string[] }[] },
  ][]) {
    const words = value?.enum ?? value?.anyOf?.flatMap(one => one.enum ?? []) ?? [];
    if ((key === 'state' || key === 'outcome') && words.length > 0) found.add(words.join(' '));
    statesIn(value, found);
  }
  return found;
}

test('each state of the API is one of the glossary, and code of commands and pages knows no others (S-604)', () => {
  const asked = statesIn(openApiDocument('0.0.0'));
  assert.ok(asked.size >= 7, [...asked].join('; '));
  const unknown = [...asked].filter(
    words => ![...states.values()].some(known => words.split(' ').every(word => known.has(word))),
  );
  assert.deepEqual(unknown, []);
  const all = new Set([...states.values()].flatMap(known => [...known]));
  const used = globSync('src/{web,cli}/**/*.{ts,tsx}', { cwd: ROOT }).flatMap(file =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\b(?:state|outcome) [!=]== '(\w+)'/g)].map(
      ([, word = '']) => ({ file, word }),
    ),
  );
  assert.ok(used.length > 3, `${used.length}`);
  assert.deepEqual(
    used.filter(({ word }) => !all.has(word)),
    [],
  );
});
