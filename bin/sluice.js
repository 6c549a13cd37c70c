#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for TypeScript can say so, and so that the cache of compiled code is
// there before the first TypeScript is loaded: with it, Node need not load its TypeScript stripper.
import module from 'node:module';
import { dirname } from 'node:path';

const OLDEST_NODE = 26;

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(
    `sluice: this Node is ${process.versions.node}; sluice needs ${OLDEST_NODE} or newer.\n` +
      '  In a checkout, "npm start" brings the right one along.\n',
  );
  process.exitCode = 2;
} else {
  // What it cannot write it does without.
  const { directory } = module.enableCompileCache();
  // Worker threads take the folder from the environment only.
  if (directory) process.env.NODE_COMPILE_CACHE ??= dirname(directory);
  await import('../src/main.ts');
}
