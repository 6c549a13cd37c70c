import type { Server } from 'node:https';
import type { Clock } from '../base/clock.ts';
import { asSluiceError } from '../base/errors.ts';
import { stampOfAll } from '../base/files/file-stamp.ts';
import type { Logger } from '../base/log.ts';
import type { FaultBoard } from '../base/ongoing-faults.ts';
import { RepeatedMessages } from '../base/repeated-messages.ts';
import { Repeating } from '../base/repeating.ts';
import {
  certificateFault,
  readServerCertificate,
  type ServerCertificate,
  type TlsFiles,
} from './certificate-files.ts';

/** What a server that speaks TLS is bound to, whatever certificate it shows. */
export const LEAST_TLS_VERSION = 'TLSv1.2';

/** The files are looked at so often. */
const LOOK_EVERY_MS = 5_000;
const FAULT_AGAIN_MS = 86_400_000;

export interface CertificateRenewalOptions {
  readonly server: Pick<Server, 'setSecureContext'>;
  readonly files: TlsFiles;
  /** The one that the server began with. */
  readonly first: ServerCertificate;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly faults?: FaultBoard | undefined;
}

/**
 * Shows new connections the certificate that is in the files now. What is no pair, as while one of the two is written, or
 * cannot be read is told once and left, and looked at again when it changes; what its time says against it is told once a
 * day.
 *
 *   idle ──start()──▶ looking every five seconds ──stop()──▶ stopped
 */
export class CertificateRenewal {
  readonly #options: CertificateRenewalOptions;
  readonly #looks: Repeating;
  readonly #faults: RepeatedMessages;
  #shown: ServerCertificate;
  #seen: string | undefined;

  constructor(options: CertificateRenewalOptions) {
    this.#options = options;
    this.#shown = options.first;
    const { clock } = options;
    this.#faults = new RepeatedMessages(clock, FAULT_AGAIN_MS);
    this.#looks = new Repeating({ clock, pauseMs: () => LOOK_EVERY_MS, work: () => this.#look() });
  }

  start(): void {
    this.#looks.startAtOnce();
  }

  /** May be repeated. */
  stop(): Promise<void> {
    return this.#looks.stop();
  }

  async #look(): Promise<void> {
    const { cert, key } = this.#options.files;
    const now = await stampOfAll([cert, key]);
    const isRead = now === this.#seen;
    this.#seen = now;
    if (!isRead) this.#renew();
    this.#tellFault();
  }

  #renew(): void {
    const { server, files, log, faults } = this.#options;
    try {
      const next = readServerCertificate(files);
      faults?.end('certificate files');
      if (next.fingerprint === this.#shown.fingerprint && next.key === this.#shown.key) return;
      server.setSecureContext({ cert: next.cert, key: next.key, minVersion: LEAST_TLS_VERSION });
      this.#shown = next;
      const until = new Date(next.validToMs).toISOString();
      log.info({ names: next.names, until }, "the server's certificate was renewed");
    } catch (error) {
      const { message, hint } = asSluiceError(error);
      log.error({ hint }, `the server's certificate is not renewed, the old one goes on: ${message}`);
      faults?.begin('certificate files', error, {
        words: "the server's certificate is not renewed, the old one goes on",
        hint: 'Put the certificate and its key into the files of server.tls; they are read again when they change.',
      });
    }
  }

  #tellFault(): void {
    const { files, clock, log, faults } = this.#options;
    const fault = certificateFault(this.#shown, clock.nowMs());
    if (fault === undefined) faults?.end('certificate');
    else
      faults?.begin('certificate', fault, {
        words: `the server's certificate ${files.cert}`,
        hint: 'Renew it in the files of server.tls: browsers and commands refuse it otherwise.',
      });
    if (fault === undefined || this.#faults.admit(`${this.#shown.fingerprint} ${fault}`) === undefined)
      return;
    log.warn(`the server's certificate ${files.cert} ${fault}`);
  }
}
