import { getCACertificates } from 'node:tls';

/**
 * Certificates (PEM) of everybody whose word counts for a TLS connection: those that Node counts by itself, and `own`.
 * Undefined without own ones: then Node's count anyway.
 */
export function trustedWith(own: string | undefined): string[] | undefined {
  return own === undefined ? undefined : [...getCACertificates('default'), own];
}
