import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Metafile } from 'esbuild';

/** What a browser asks for by name, beside the assets. */
const PLAIN = ['index.html', 'api.html', 'icon.svg'];
/** What these pages load, by the name that their text has for it. */
const ENTRIES = { main: 'main.tsx', api: 'api.ts' };

/** All share one process of esbuild, which ends with the last of them. */
let running = 0;

/**
 * The files of the pages made of their source, by their paths: pages as they stand, beside `assets/…`, whose names
 * change with what is in them.
 * @param source the folder `src/web`
 * @param isLive whether pages reload by themselves when they have changed
 */
export async function bundlePages(
  source: string,
  { isLive = false }: { readonly isLive?: boolean } = {},
): Promise<ReadonlyMap<string, Uint8Array>> {
  // Only a checkout comes here, and only once somebody opens a page.
  const { build, stop } = await import('esbuild');
  running += 1;
  try {
    const folder = resolve(source, '../../dist/web');
    const { outputFiles, metafile } = await build({
      absWorkingDir: source,
      entryPoints: ENTRIES,
      outdir: folder,
      entryNames: 'assets/[name]-[hash]',
      chunkNames: 'assets/[name]-[hash]',
      bundle: true,
      splitting: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      legalComments: 'eof',
      define: { LIVE_RELOAD: String(isLive) },
      metafile: true,
      write: false,
      logLevel: 'silent',
    });
    const made = new Map<string, Uint8Array>(
      outputFiles.map(({ path, contents }) => [relative(folder, path), contents]),
    );
    const head = headOf(metafile, path => relative(folder, resolve(source, path)));
    for (const name of PLAIN) {
      const text = readFileSync(join(source, name), 'utf8');
      made.set(name, new TextEncoder().encode(head(text)));
    }
    return made;
  } finally {
    running -= 1;
    if (running === 0) await stop();
  }
}

/** Puts the names of assets into a page's text, in the place of `main.css`, `main.js` and their like. */
function headOf({ outputs }: Metafile, nameOf: (path: string) => string): (text: string) => string {
  const pairs = Object.entries(ENTRIES).flatMap(([entry, file]) => {
    const [path, output] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === file) ?? [];
    if (path === undefined || output === undefined) throw new Error(`nothing was made of ${file}`);
    const first = output.imports.filter(({ kind }) => kind === 'import-statement');
    const preloads = first.map(each => `<link rel="modulepreload" href="/${nameOf(each.path)}" />`);
    const script = `<script type="module" src="/${entry}.js"></script>`;
    const named = `<script type="module" src="/${nameOf(path)}"></script>`;
    const style = output.cssBundle === undefined ? [] : [[`/${entry}.css`, `/${nameOf(output.cssBundle)}`]];
    return [[script, [...preloads, named].join('\n    ')], ...style];
  });
  return text => pairs.reduce((changed, [from = '', to = '']) => changed.replaceAll(from, to), text);
}

/** When a file of the source was last changed, in milliseconds since the epoch. */
export function changedAtMs(source: string): number {
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' });
  return Math.max(...names.map(name => statSync(join(source, name)).mtimeMs));
}
