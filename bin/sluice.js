#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for TypeScript can say so, and so that the cache of compiled code is
// there before the first TypeScript is loaded: with it, Node need not load its TypeScript stripper.
import module from 'node:module';
import v8 from 'node:v8';

const OLDEST_NODE = 26;
// A station runs for months and makes little garbage; without this its nursery grows to 32 MiB and stays (ADR 0038).
const NURSERY = '--max-semi-space-size=';
// glibc gives every thread a heap of its own, and what one has freed no other can use (ADR 0039).
const ARENAS = 'MALLOC_ARENA_MAX';
// How far a process that was begun anew has come; gone before anything else reads the environment.
const BEGUN = 'SLUICE_BEGUN';
const STRIPPER = 'NativeModule internal/deps/amaro/dist/index';

const environment = { ...process.env };
const begun = environment[BEGUN]?.split(' ') ?? [];
delete process.env[BEGUN];
const hasNursery = process.execArgv.some(flag => flag.startsWith(NURSERY));
const isStation = process.argv.length === 2 || process.argv.includes('up');

/** Same id, same open files, some 30 ms: what counts from the start of a process only, and its memory, begin anew. */
function beginAnew(flags, variables) {
  process.execve(process.execPath, [process.execPath, ...flags, ...process.argv.slice(1)], {
    ...environment,
    ...variables,
  });
}

/** Where modules had to be compiled, the compiler's memory goes with this process, and the next one finds them compiled. */
async function withoutStripper() {
  const { loadStation, loadThreads } = await import('../src/main-modules.ts');
  await loadStation();
  if (!process.moduleLoadList?.includes(STRIPPER)) return;
  await loadThreads();
  module.flushCompileCache();
  beginAnew(process.execArgv, { [BEGUN]: [...begun, 'compiled'].join(' ') });
}

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(
    `sluice: this Node is ${process.versions.node}; sluice needs ${OLDEST_NODE} or newer.\n` +
      '  In a checkout, "npm start" brings the right one along.\n',
  );
  process.exitCode = 2;
} else if (isStation && !hasNursery && process.execve && !process.connected) {
  const isTheirs = ARENAS in environment;
  beginAnew([`${NURSERY}2`, ...process.execArgv], {
    [BEGUN]: isTheirs ? 'nursery' : 'nursery arenas',
    ...(isTheirs ? {} : { [ARENAS]: '1' }),
  });
} else {
  // Threads that are made later have their own limits, or Node's; git and other commands their own heaps.
  if (hasNursery) v8.setFlagsFromString(`${NURSERY}0`);
  if (begun.includes('arenas')) delete process.env[ARENAS];
  // What it cannot write it does without.
  module.enableCompileCache();
  if (begun.includes('nursery') && !begun.includes('compiled')) await withoutStripper();
  const { main } = await import('../src/main.ts');
  await main();
}
