import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { bundlePages, changedAtMs } from './bundle.ts';
import { PageFile } from './page-file.ts';

type Files = ReadonlyMap<string, PageFile>;

/**
 * The files of the pages. A package has them made, and they are read once; of a checkout's source they are made when
 * somebody first opens a page, and anew when one is opened after the source has changed.
 */
export class Pages {
  readonly #folder: string;
  readonly #isSource: boolean;
  readonly #isLive: boolean;
  #files: Promise<Files> | undefined;
  #madeAtMs = 0;

  /** @param options.isLive pages reload by themselves when the source has changed */
  constructor(folder: string, { isLive = false }: { readonly isLive?: boolean } = {}) {
    this.#folder = folder;
    this.#isSource = existsSync(join(folder, 'main.tsx'));
    this.#isLive = isLive;
  }

  /** A file by its path, like `index.html` or `assets/main-ABC.js`; undefined: there is none. */
  async file(path: string): Promise<PageFile | undefined> {
    const isPage = path.endsWith('.html');
    if (this.#isSource && isPage) {
      const changed = changedAtMs(this.#folder);
      if (changed > this.#madeAtMs) this.#files = undefined;
      this.#madeAtMs = changed;
    }
    this.#files ??= this.#make();
    try {
      return (await this.#files).get(path);
    } catch (error) {
      // The next one who asks tries again.
      this.#files = undefined;
      throw error;
    }
  }

  async #make(): Promise<Files> {
    const contents = this.#isSource
      ? await bundlePages(this.#folder, { isLive: this.#isLive })
      : readFiles(this.#folder);
    return new Map([...contents].map(([name, content]) => [name, new PageFile(Buffer.from(content))]));
  }
}

function readFiles(folder: string): ReadonlyMap<string, Uint8Array> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter(name => statSync(join(folder, name)).isFile());
  return new Map(files.map(name => [name.replaceAll(sep, '/'), readFileSync(join(folder, name))]));
}
