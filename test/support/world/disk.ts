import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';

/** A file system in memory that can be filled and given room again while it is used. Needs a mount namespace. */
export class SmallDisk {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1g,nr_inodes=200k', 'tmpfs', folder]);
  }

  /** Leaves next to nothing of it. */
  fill(of: 'bytes' | 'inodes'): void {
    const { blocks, bfree, bsize, files, ffree } = statfsSync(this.folder);
    const used = of === 'bytes' ? `size=${(blocks - bfree + 1) * bsize}` : `nr_inodes=${files - ffree + 1}`;
    // More may have come since they were counted.
    try {
      this.#remount(used);
    } catch {
      this.fill(of);
    }
  }

  /** There is room again. May be called again. */
  free(): void {
    this.#remount('size=1g,nr_inodes=200k');
  }

  /** What still uses it goes on. */
  unmount(): void {
    execFileSync('umount', ['-l', this.folder]);
  }

  #remount(options: string): void {
    execFileSync('mount', ['-o', `remount,${options}`, this.folder], { stdio: 'ignore' });
  }
}
