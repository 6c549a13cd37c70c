import { callError } from '../../base/files/calls.ts';
import type { DeliveryContext } from '../context.ts';
import type { FailingRoot } from './watch/watch.ts';

/**
 * Folders, the spool's among them, whose disk fails under files that are not on record yet. Where the place itself is in
 * trouble, it is held, with one message; where it is not, twice in a row, one line says how many files cannot be read, and
 * is said again only after all could be.
 */
export class FailingFolders {
  readonly #context: Pick<DeliveryContext, 'holds' | 'log'>;
  readonly #said = new Set<string>();
  #failing: readonly FailingRoot[] = [];

  constructor(context: Pick<DeliveryContext, 'holds' | 'log'>) {
    this.#context = context;
  }

  /** As the watch has it, after each sweep. */
  async note(failing: readonly FailingRoot[]): Promise<void> {
    const before = this.#failing;
    this.#failing = failing;
    for (const root of this.#said) if (!failing.some(one => one.root === root)) this.#said.delete(root);
    await Promise.all(failing.map(one => this.#judge(one, before)));
  }

  /** Files that wait in a folder for it to be read. @param place of the disk: the folder's path, or the spool's */
  waitingIn(place: string): number {
    return this.#failing
      .filter(({ root }) => root === place || root.startsWith(`${place}/`))
      .reduce((sum, { files }) => sum + files, 0);
  }

  async #judge(
    { root, files, hasAnswered, example }: FailingRoot,
    before: readonly FailingRoot[],
  ): Promise<void> {
    const { holds, log } = this.#context;
    const { path, errno, call } = example;
    const error = callError(errno, call, path);
    const isOneOfMany = !hasAnswered && files > 1;
    if (await holds.filesFail(root, { path, error, isOneOfMany }, hasAnswered)) return;
    if (this.#said.has(root) || !before.some(one => one.root === root)) return;
    this.#said.add(root);
    const reason = error.message;
    log.warn(
      { path, files, reason },
      `${path} cannot be read, while its folder can; tried again at each sweep`,
    );
  }
}
