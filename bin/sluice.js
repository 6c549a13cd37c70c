#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for the rest can say so.
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const oldestNode = Number(/\d+/.exec(engines.node)[0]);

if (Number(process.versions.node.split('.')[0]) < oldestNode) {
  process.stderr.write(
    `sluice: this Node is ${process.versions.node}; sluice needs ${oldestNode} or newer.\n` +
      `  Install Node ${oldestNode} or newer; in a checkout, "npm start" brings the right one along.\n`,
  );
  process.exitCode = 2;
} else {
  // A command then starts twice as fast, and a checkout needs Node's compiler of TypeScript once only.
  module.enableCompileCache();
  // The package holds no source, and a checkout runs its source whatever was built there.
  const source = new URL('../src/main.ts', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : '../dist/main.js');
  await main();
}
