import { quoteName } from '../../../src/keep/postgres/address.ts';
import type { PostgresDatabase } from '../../../src/keep/postgres/database.ts';
import { VirtualClock } from '../virtual-clock.ts';

/**
 * A clock for both sides: the tests', and the one that the queue's statements ask, pg-boss's included, which pg-boss
 * keeps in a function of its schema for tests to replace. No two readings are the same: like a real one, the server's
 * clock goes on a little whenever time passes.
 */
export class SharedClock extends VirtualClock {
  readonly #database: PostgresDatabase;
  /** Resolves when nothing that was said to a listener is still on its way. */
  readonly #heard: () => Promise<void>;
  #readings = 0;

  constructor(database: PostgresDatabase, heard: () => Promise<void>) {
    super();
    this.#database = database;
    this.#heard = heard;
  }

  /** Puts the clock into a schema in which pg-boss has made its tables. */
  async install(jobSchema: string): Promise<void> {
    await this.#database.run(`
      CREATE TABLE test_clock (at timestamptz NOT NULL);
      INSERT INTO test_clock VALUES (now());
      CREATE OR REPLACE FUNCTION ${quoteName(jobSchema)}.job_now() RETURNS timestamptz LANGUAGE sql STABLE
        AS $$ SELECT at FROM ${quoteName(this.#database.schema)}.test_clock $$;`);
    await this.tell();
  }

  override async advance(ms: number): Promise<void> {
    await this.#heard();
    await super.advance(ms);
    await this.tell();
  }

  /** Sets the server's clock to this one. */
  async tell(): Promise<void> {
    this.#readings += 1;
    const micros = this.nowMs() * 1000 + (this.#readings % 1000);
    await this.#database.run(
      `UPDATE test_clock SET at = timestamptz 'epoch' + ${micros} * interval '1 microsecond'`,
    );
  }
}
