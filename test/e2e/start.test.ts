import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAIN, sluice, standingPlace, startStation } from '../support/sluice.ts';

/** The words of a command line or an environment, as Linux keeps them of a process. */
function wordsOf(pid: number | undefined, name: 'cmdline' | 'environ'): readonly string[] {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter(Boolean);
}

/** Node, but it says that it is another version. */
function asNode(version: string): Readonly<Record<string, string>> {
  const pretend = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(pretend)}` };
}

test('a station is the process that was started, with its flags and its environment', async t => {
  const cwd = standingPlace(t);
  const env = { MALLOC_ARENA_MAX: undefined, NODE_COMPILE_CACHE: join(cwd, 'compiled') };
  // Nothing is compiled at the first start, all of it at the second.
  for (const start of ['first', 'second']) {
    const station = await startStation(t, { cwd, env });
    const { pid } = station.process;
    assert.deepEqual(wordsOf(pid, 'cmdline'), [process.execPath, MAIN, 'up', '--port', '0'], start);
    assert.deepEqual(
      wordsOf(pid, 'environ').filter(word => /^(SLUICE_|MALLOC_|NODE_OPTIONS=)/.test(word)),
      [],
      start,
    );
    assert.equal((await station.ask('/api/v1/status')).body.station.pid, pid);
    station.process.kill('SIGINT');
    assert.equal((await station.ended).code, 0);
  }
});

test('it starts where nothing compiled can be kept', async t => {
  const cwd = standingPlace(t);
  const env = { NODE_COMPILE_CACHE: '/dev/null/nowhere' };
  const { code, stdout } = await sluice(t, ['--version'], { cwd, env });
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test('a Node that is too old is refused in plain words, and nothing else happens', async t => {
  const cwd = standingPlace(t);
  const { code, stdout, stderr } = await sluice(t, ['up'], { cwd, env: asNode('20.19.2') });
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^sluice: this Node is 20\.19\.2; sluice needs 24 or newer\.\n/);
  assert.equal((await sluice(t, ['--version'], { cwd, env: asNode('24.0.0') })).code, 0);
});
