import type { Clock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import type { Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import { PAUSABLE, type Pausable, type Pause, type PauseStore } from '../keep/local/pauses.ts';

export interface PausesOptions {
  readonly open: () => Promise<PauseStore>;
  /** Names that can be paused, by kind: the profiles and the hosts that there are. */
  readonly known: () => Promise<{ readonly profile: readonly string[]; readonly host: readonly string[] }>;
  /** What is paused has changed. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a person means: its kind may be left out where the name alone tells. */
export interface NamedPausable {
  readonly kind?: Pausable['kind'] | undefined;
  readonly name: string;
}

/**
 * What people paused: destinations and hosts that nothing is sent to or asked of until somebody resumes them. Pauses lie
 * in this machine's database, and outlast the station.
 */
export class Pauses implements Service {
  readonly name = 'pauses';
  readonly #options: PausesOptions;
  #store: PauseStore | undefined;
  #pauses: readonly Pause[] = [];

  constructor(options: PausesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#store) return;
    this.#store = await this.#options.open();
    this.#pauses = this.#store.list();
  }

  async stop(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  /** Oldest first. */
  list(): readonly Pause[] {
    return this.#pauses;
  }

  /**
   * Pauses something; what is under way ends first. May be repeated. Throws `not_found` for what there is not, `usage`
   * where the name alone does not tell what is meant, `stopping`, `database_*`.
   */
  async pause(named: NamedPausable): Promise<Pause> {
    const meant = await this.#find(named);
    const known = this.#pauses.find(one => isSame(one, meant));
    if (known) return known;
    const pause = { ...meant, sinceMs: this.#options.clock.nowMs() };
    await this.#opened.add(pause);
    this.#options.log.info(meant, `${meant.kind} ${meant.name} is paused`);
    this.#changed();
    return pause;
  }

  /** Has something go on. Throws `not_found` for what is not paused, `usage` as `pause`, `stopping`, `database_*`. */
  async resume({ kind, name }: NamedPausable): Promise<Pause> {
    const meant = this.#pauses.filter(one => one.name === name && (kind === undefined || one.kind === kind));
    const [pause, other] = meant;
    if (!pause)
      throw new SluiceError('not_found', `${name} is not paused`, {
        hint: this.#pauses.length === 0 ? 'Nothing is paused.' : `Paused is ${namesOf(this.#pauses)}.`,
      });
    if (other) throw ambiguous(name, meant);
    await this.#opened.remove(pause);
    this.#options.log.info({ kind: pause.kind, name }, `${pause.kind} ${name} goes on`);
    this.#changed();
    return pause;
  }

  get #opened(): PauseStore {
    if (!this.#store) throw new SluiceError('stopping', 'the station is not running');
    return this.#store;
  }

  #changed(): void {
    this.#pauses = this.#opened.list();
    this.#options.onChange();
  }

  async #find(named: NamedPausable): Promise<Pausable> {
    const known = await this.#options.known();
    const meant = meantBy(named, known);
    const [one, other] = meant;
    if (other) throw ambiguous(named.name, meant);
    if (one) return one;
    const names = [...new Set([...known.profile, ...known.host])];
    throw new SluiceError('not_found', `there is no ${named.kind ?? 'destination or host'} ${named.name}`, {
      hint: `There ${names.length === 1 ? 'is' : 'are'} ${names.length === 0 ? 'none' : names.join(', ')}; a bucket is written profile/bucket.`,
    });
  }
}

/** What of all that can be paused a name may mean. Pure. */
export function meantBy(
  { kind, name }: NamedPausable,
  known: { readonly profile: readonly string[]; readonly host: readonly string[] },
): readonly Pausable[] {
  const [profile = '', ...rest] = name.split('/');
  const isBucket = rest.length === 1 && rest[0] !== '' && known.profile.includes(profile);
  const is = {
    profile: known.profile.includes(name),
    bucket: isBucket,
    host: known.host.includes(name),
  };
  return PAUSABLE.filter(one => is[one] && (kind === undefined || kind === one)).map(one => ({
    kind: one,
    name,
  }));
}

function isSame(one: Pausable, other: Pausable): boolean {
  return one.kind === other.kind && one.name === other.name;
}

function namesOf(pauses: readonly Pausable[]): string {
  return pauses.map(({ kind, name }) => `${kind} ${name}`).join(', ');
}

function ambiguous(name: string, meant: readonly Pausable[]): SluiceError {
  return new SluiceError('usage', `${name} may be ${namesOf(meant)}`, {
    hint: `Say which is meant: ${meant.map(({ kind }) => `--kind ${kind}`).join(' or ')} ("kind" in the API).`,
  });
}
