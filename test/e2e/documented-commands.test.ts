import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { grownRepository, MAIN, standingPlace, startStation, until } from '../support/sluice.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/{guide,moving}/*.md', { cwd: ROOT }).sort()];

/** Why a block of commands is not run, as the page says it in `<!-- not run: … -->` before the block. */
const REASONS = [
  "another program's command",
  'it installs, builds or takes minutes',
  'it needs containers, another service or the network',
  'it begins a station',
  'no command: a file',
];

interface Block {
  readonly where: string;
  readonly reason: string | undefined;
  readonly lines: readonly string[];
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const found = text.matchAll(/(?:^<!-- not run: ([^\n]*?) -->\n)?^```(?:sh|bash|console|lua)\n(.*?)^```/gms);
  return [...found].map(({ index, 1: reason, 2: content = '' }) => ({
    where: `${page}:${text.slice(0, index).split('\n').length}`,
    reason,
    lines: content.split('\n').filter(line => line.trim() !== ''),
  }));
}

/** What a command of the pages is in a folder without a network. */
function madeLocal(
  line: string,
  { repository, url }: { readonly repository: string; readonly url: string },
): string {
  return (
    line
      .replaceAll('https://github.com/git/git', repository)
      .replaceAll(/http:\/\/(127\.0\.0\.1:8750|station\.example:8750)/g, url)
      // What follows a stream of events has no end.
      .replace(/^curl -N /, 'curl -N --max-time 1 ')
      .replace('/backups/', './backup-')
  );
}

/** Commands that may end with 1 in a station that has nothing of the kind, and say so. */
const MAY_HAVE_NOTHING = /failed retry --cause|store copy|pull\/7|changesets ls|curl -N|doctor/;

test('every block of commands is run, or says for which of the known reasons it is not (S-601)', () => {
  for (const { where, reason } of PAGES.flatMap(blocksOf))
    assert.ok(
      reason === undefined || REASONS.includes(reason),
      `${where}: "${reason}" is none of ${REASONS.join('; ')}`,
    );
});

test('the commands of README and guide do what they say beside a started station (S-601)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'origin.git'), 12, 3);
  mkdirSync(join(cwd, 'bin'));
  const shim = (name: string, script: string): void => {
    writeFileSync(join(cwd, 'bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(cwd, 'bin', name), 0o755);
  };
  shim('sluice', `exec '${process.execPath}' '${MAIN}' "$@"`);
  shim('npm', `[ "$1 $2" = "start --" ] || exit 9; shift 2; exec '${process.execPath}' '${MAIN}' "$@"`);
  mkdirSync(join(cwd, 'photos'));
  writeFileSync(join(cwd, 'photos/a.jpg'), 'x');
  mkdirSync(join(cwd, 'buckets/family'), { recursive: true });
  const credentials = `[pictures]\nprovider = directory\npath = ${join(cwd, 'buckets')}\n[local]\nprovider = directory\npath = ${join(cwd, 'station/delivered')}\n`;
  writeFileSync(join(cwd, 'credentials'), credentials, { mode: 0o600 });
  mkdirSync(join(cwd, 'station/delivered/outbox'), { recursive: true });
  const args = ['--credentials', './credentials'];
  const station = await startStation(t, { cwd, args });
  await until('the station is ready', async () => (await station.ask('/readyz')).status === 200);
  const env = {
    ...process.env,
    PATH: `${join(cwd, 'bin')}:${process.env.PATH}`,
    HOME: cwd,
    SLUICE_PORT: new URL(station.url).port,
  };
  const run = (line: string): Promise<{ readonly code: number; readonly said: string }> =>
    new Promise(done => {
      execFile('sh', ['-c', line], { cwd, env, timeout: 60_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        done({ code, said: `${stdout}${stderr}` });
      });
    });
  let ran = 0;
  for (const { where, reason, lines } of PAGES.flatMap(blocksOf)) {
    if (reason !== undefined) continue;
    for (const line of lines) {
      const { code, said } = await run(madeLocal(line, { repository: origin.path, url: station.url }));
      ran += 1;
      const allowed = MAY_HAVE_NOTHING.test(line) ? [0, 1, 2, 28] : [0];
      assert.ok(allowed.includes(code), `${where}: ${line}\nended with ${code}: ${said}`);
      assert.doesNotMatch(said, /\n +at .*:\d+:\d+\)?\n|unknown (option|command)/, `${where}: ${line}`);
    }
  }
  assert.ok(ran > 25, `${ran}`);
});
