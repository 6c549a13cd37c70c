/**
 * One ingest as its own process, as the command line does it: open the database, read history, close.
 * Usage: node bench/support/bake-once.ts GIT_DIR DATABASE [TIPS_FILE]
 * Compiled code is cached between runs, as main.ts does it.
 */
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { bakeOnce } = await import('./bake-steps.ts');
await bakeOnce(process.argv[2] ?? '', process.argv[3] ?? '', process.argv[4]);
