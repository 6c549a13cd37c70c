import pg from 'pg';

/** One of the servers that an address names: a name or the folder of a socket, and its port. */
export interface PostgresHost {
  readonly host: string;
  readonly port: number;
}

/**
 * Which of several servers connections are made to: one until it is found not to be had, or to take no changes, then the
 * next, and the first again after the last. With one there is nothing to choose.
 */
export class Hosts {
  /** Of a connection to one of them; `pg.Pool` takes it as its `Client`. */
  readonly Client: typeof pg.Client;
  readonly #hosts: readonly PostgresHost[];
  #current: PostgresHost | undefined;

  constructor(hosts: readonly PostgresHost[]) {
    this.#hosts = hosts;
    this.#current = hosts[0];
    this.Client = hosts.length > 1 ? clientOf(this) : pg.Client;
  }

  /** Whether there is another one to go to. */
  get areSeveral(): boolean {
    return this.#hosts.length > 1;
  }

  get current(): PostgresHost | undefined {
    return this.#current;
  }

  /** This one is not to be had, or takes no changes. Several calls may find out the same of one: the first counts. */
  leave(left: PostgresHost): void {
    const at = this.#hosts.findIndex(({ host, port }) => host === left.host && port === left.port);
    if (at < 0 || this.#hosts[at] !== this.#current) return;
    this.#current = this.#hosts[(at + 1) % this.#hosts.length];
  }
}

function clientOf(hosts: Hosts): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      // A pool hides the password from whoever lists its options.
      super(typeof config === 'object' ? { ...config, password: config.password, ...hosts.current } : config);
    }

    override connect(): Promise<this>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): Promise<this> | undefined {
      const connecting = super.connect().then(
        () => this,
        error => {
          hosts.leave(this);
          throw error;
        },
      );
      if (!callback) return connecting;
      connecting.then(() => callback(undefined as unknown as Error), callback);
      return undefined;
    }
  };
}
