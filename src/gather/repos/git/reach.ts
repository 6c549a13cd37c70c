import { connect, isIP, type LookupFunction } from 'node:net';
import { SluiceError } from '../../../base/errors.ts';
import type { Remote } from './access.ts';

/** With one of these set it is the proxy that curl connects to, and only the proxy may reach the host. */
const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];

/**
 * Makes a connection to the remote's host and closes it again, so that a host that does not answer shows
 * within `connectTimeoutMs`: curl waits five minutes, the git protocol as long as the system does, and neither
 * can be set otherwise. ssh has a time-out of its own (`sshCommand`), and its hosts may be aliases behind jump
 * hosts. Nothing happens without `connectTimeoutMs`, for paths, and behind a proxy.
 * @throws SluiceError `timed_out`, `host_unreachable`, `host_unknown`; the signal's reason
 */
export async function reach(remote: Remote, signal: AbortSignal): Promise<void> {
  const { connectTimeoutMs, addresses } = remote;
  const { scheme, host, port } = remote.place ?? remote;
  if (connectTimeoutMs === undefined || port === undefined || scheme === 'ssh' || scheme === 'file') return;
  if (scheme !== 'git' && PROXY_VARIABLES.some(name => process.env[name])) return;
  signal.throwIfAborted();
  const socket = connect({
    host,
    port,
    autoSelectFamily: true,
    lookup: addresses && pinnedLookup(addresses),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(tooLate(remote, host, connectTimeoutMs)), connectTimeoutMs);
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('connect', resolve);
  socket.on('error', error => reject(notThere(remote, host, error)));
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

/** Answers with the addresses that were judged, whatever the resolver says by now. */
export function pinnedLookup(addresses: readonly string[]): LookupFunction {
  return (_host, options, answer) => {
    const all = addresses.map(address => ({ address, family: isIP(address) }));
    const [first] = all;
    if (options.all || !first) answer(null, all);
    else answer(null, first.address, first.family);
  };
}

function tooLate(remote: Remote, host: string, connectTimeoutMs: number): SluiceError {
  const message = `${host} did not accept a connection within ${connectTimeoutMs / 1000} s`;
  return new SluiceError('timed_out', message, { operation: 'connect', subject: remote.url });
}

function notThere(remote: Remote, host: string, error: NodeJS.ErrnoException): SluiceError {
  const details = { operation: 'connect', subject: remote.url, cause: error };
  const unknown = error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN';
  if (unknown) return new SluiceError('host_unknown', `the host of ${remote.url} has no address`, details);
  return new SluiceError('host_unreachable', `nothing answers at ${host} (${error.code})`, details);
}
