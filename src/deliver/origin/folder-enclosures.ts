import { Enclosure, type EnclosureOptions } from '../../base/files/enclosure.ts';
import { followTrusted } from '../../base/files/trusted-path.ts';
import type { FolderSettings } from '../settings.ts';

/** The folders that are delivered from where they lie, each as the enclosure that it is, made when first asked for. */
export class FolderEnclosures {
  readonly #options: EnclosureOptions;
  readonly #byPath = new Map<string, Enclosure>();

  constructor(options: EnclosureOptions = {}) {
    this.#options = options;
  }

  enclosureOf({ path }: Pick<FolderSettings, 'path'>): Enclosure {
    let enclosure = this.#byPath.get(path);
    if (!enclosure) {
      enclosure = new Enclosure(path, { follow: followTrusted, ...this.#options });
      this.#byPath.set(path, enclosure);
    }
    return enclosure;
  }
}
