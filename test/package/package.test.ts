import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { test } from 'node:test';
import {
  grownRepository,
  MAIN,
  rows,
  sluice,
  standingPlace,
  startStation,
  until,
} from '../support/sluice.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PACKAGE = process.env.SLUICE_INSTALLED ?? '';
const MIB = 2 ** 20;
const MAX_BYTES = 6 * MIB;

/** Paths of files below a folder, from it. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => statSync(join(folder, name)).isFile())
    .sort();
}

/** Paths of source modules as `dist` has them. */
function sourceModules(): readonly string[] {
  return filesOf(join(ROOT, 'src'))
    .filter(name => name.endsWith('.ts') && !name.startsWith('web/'))
    .map(name => name.replace(/\.ts$/, ''));
}

test('the package holds what it runs and nothing else: each module with its declarations, the pages, the command', () => {
  const files = filesOf(PACKAGE);
  const isAsset = (name: string): boolean => /^dist\/web\/assets\/[a-z-]+-[A-Z0-9]{8}\.(js|css)$/.test(name);
  assert.ok(files.filter(isAsset).length > 2);
  const expected = [
    ...sourceModules().flatMap(name => [`dist/${name}.js`, `dist/${name}.d.ts`]),
    ...['api.html', 'icon.svg', 'index.html'].map(name => `dist/web/${name}`),
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'bin/sluice.js', 'package.json'],
  ];
  assert.deepEqual(
    files.filter(name => !isAsset(name)),
    expected.sort(),
  );
  const bytes = files.reduce((sum, name) => sum + statSync(join(PACKAGE, name)).size, 0);
  assert.ok(bytes < MAX_BYTES, `${bytes} bytes`);
});

test('every module that a module of the package names, with whatever words, is there', () => {
  for (const name of filesOf(PACKAGE).filter(file => /^dist\/(?!web\/).*\.js$/.test(file))) {
    const text = readFileSync(join(PACKAGE, name), 'utf8');
    for (const [, module = ''] of text.matchAll(/(?:from|import|import\(|URL\()\s*['"](\.[^'"]*)['"]/g)) {
      const named = resolve(PACKAGE, dirname(name), module);
      assert.ok(existsSync(named) && extname(named) !== '.ts', `${name}: ${module}`);
    }
  }
});

test('what package.json names is there, and nothing that only development needs was installed', () => {
  const about = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  const { default: entry, types } = about.exports['.'];
  for (const path of [about.bin.sluice, about.types, entry, types])
    assert.ok(existsSync(join(PACKAGE, path)), path);
  assert.notEqual(about.private, true);
  for (const name of Object.keys(about.devDependencies))
    if (!isNeededByDependencies(name)) assert.equal(existsSync(join(PACKAGE, '..', name)), false, name);
});

/** What is in the folder since a dependency brought it along. */
function isNeededByDependencies(name: string): boolean {
  const { packages } = JSON.parse(readFileSync(join(PACKAGE, '../.package-lock.json'), 'utf8')) as {
    packages: Record<string, { readonly dependencies?: Record<string, string> }>;
  };
  return Object.values(packages).some(({ dependencies }) => dependencies && name in dependencies);
}

test('installed, it says how it is used, writes a configuration, and bakes a repository in this process', async t => {
  const cwd = standingPlace(t);
  const help = await sluice(t, ['--help'], { cwd });
  assert.equal(help.code, 0, help.stderr);
  assert.match(help.stdout, /^Usage: sluice /);
  const init = await sluice(t, ['config', 'init'], { cwd });
  assert.equal(init.code, 0, init.stderr);
  assert.equal((await sluice(t, ['config', 'check'], { cwd })).code, 0);
  grownRepository(join(cwd, 'history.git'), 40);
  const bake = await sluice(t, ['bake', 'history.git', '--json'], { cwd });
  assert.equal(JSON.parse(bake.stdout).commits, 40, bake.stderr);
});

test('installed, a station bakes, captures and delivers in its threads, serves its pages, and ends with Ctrl-C', async t => {
  const cwd = standingPlace(t);
  writeFileSync(join(cwd, 'value'), '42\n');
  const repository = grownRepository(join(cwd, 'history.git'), 40).path;
  const station = await startStation(t, {
    cwd,
    // Nobody sweeps within an hour: what is delivered was seen by the watch.
    yaml: `
repos: [${repository}]
sync: {interval: 1h}
capture:
  maxFileSize: 2KiB
  collectors:
    - {name: value, every: 20ms, file: value, to: s3://local/outbox/readings}
`,
  });
  assert.match(station.stdout(), /^ {2}sluice bake /m);

  const { body } = await station.ask('/bake', { url: repository, wait: true });
  assert.equal(body.summary.commits, 40);

  const inbox = join(cwd, 'station/incoming/local/outbox');
  mkdirSync(inbox, { recursive: true });
  writeFileSync(join(inbox, 'hello.txt'), 'hello');
  for (const path of ['hello.txt', 'readings/%']) {
    await until(`${path} is delivered`, () => {
      const sql = `SELECT 1 FROM file_records WHERE current_state = 'completed' AND filepath LIKE '${path}'`;
      return rows(join(cwd, 'sluice.db'), sql).length > 0;
    });
  }
  assert.match((await sluice(t, ['deliveries', 'ls'], { cwd })).stdout, /hello\.txt/);
  assert.match((await sluice(t, ['status'], { cwd })).stdout, /station +up for/);

  for (const name of filesOf(join(PACKAGE, 'dist/web'))) {
    const page = await fetch(`${station.url}/${name === 'index.html' ? '' : name}`);
    assert.equal(await page.text(), readFileSync(join(PACKAGE, 'dist/web', name), 'utf8'), name);
  }

  station.process.kill('SIGINT');
  const { code, stderr } = await station.ended;
  assert.equal(code, 0, stderr);
});

test('the tests of whole processes beside this one run the package, too', () => {
  assert.equal(MAIN, join(PACKAGE, 'bin/sluice.js'));
});

test('installed, sluice/client asks a station, typed for whoever compiles against it (A-534)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd, yaml: 'repos: []\n' });
  const program = `import { createClient, followEvents } from 'sluice/client';
const url: string = ${JSON.stringify(station.url)};
const { deliveries, next } = await createClient({ url }).listDeliveries({ state: 'failed' });
const states: readonly ('incoming_tmp' | 'incoming' | 'processing' | 'completed' | 'failed')[] = deliveries.map(({ state }) => state);
for await (const event of followEvents({ url })) {
  console.log(event.type, next, states.length);
  break;
}
`;
  // Beside the package, so that both find it as any program would.
  const place = resolve(PACKAGE, '../..');
  const file = join(place, 'program.mts');
  writeFileSync(file, program);
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--skipLibCheck'];
  const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
  execFileSync(tsc, [...flags, ...types, file], { cwd: place, stdio: ['ignore', 'inherit', 'inherit'] });
  const output = execFileSync(process.execPath, [file], { cwd: place, encoding: 'utf8' });
  assert.equal(output, 'reset null 0\n');
});
