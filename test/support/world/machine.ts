/** What is wrong with the station's machine. Plain data. */
export interface Machine {
  /** How far its clock is off. */
  readonly clockMs: number;
  /** Which calls for files fail: of the folder that files are delivered to, of the spool, or of the folder of exports. */
  readonly errnoAt: 'nowhere' | 'target' | 'spool' | 'folder';
  /** With which number, and which share of them. */
  readonly errno: number;
  readonly share: number;
}

export const NO_TROUBLE: Machine = { clockMs: 0, errnoAt: 'nowhere', errno: 0, share: 0 };

/** What the process with the station is told at its start. */
export interface WorldProcessOptions {
  readonly seed: number;
  readonly root: string;
  readonly database: string;
  readonly credentials: string;
  /** The folder that is delivered from where it lies. */
  readonly exports: string;
  /** The folder of the profile `nas`. */
  readonly target: string;
}
