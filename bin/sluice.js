#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for TypeScript can say so, and so that the cache of compiled code is
// there before the first TypeScript is loaded: with it, Node need not load its TypeScript stripper.
import module from 'node:module';
import v8 from 'node:v8';

const OLDEST_NODE = 26;
// A station runs for months and makes little garbage; without this its nursery grows to 32 MiB and stays (ADR 0038).
const NURSERY = '--max-semi-space-size=';
const hasNursery = process.execArgv.some(flag => flag.startsWith(NURSERY));
const isStation = process.argv.length === 2 || process.argv.includes('up');

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(
    `sluice: this Node is ${process.versions.node}; sluice needs ${OLDEST_NODE} or newer.\n` +
      '  In a checkout, "npm start" brings the right one along.\n',
  );
  process.exitCode = 2;
} else if (isStation && !hasNursery && process.execve && !process.connected) {
  // The flag counts from the start of the process only, so the process is begun anew: same id, same files, some 30 ms.
  const flags = [`${NURSERY}2`, ...process.execArgv];
  process.execve(process.execPath, [process.execPath, ...flags, ...process.argv.slice(1)], process.env);
} else {
  // Threads that are made later have their own limits, or Node's.
  if (hasNursery) v8.setFlagsFromString(`${NURSERY}0`);
  // What it cannot write it does without.
  module.enableCompileCache();
  await import('../src/main.ts');
}
