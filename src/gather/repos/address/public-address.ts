import { lookup as systemLookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { SluiceError } from '../../../base/errors.ts';

/**
 * All addresses of a host name, as numbers; throws an error with a `code` (ENOTFOUND, EAI_AGAIN) when there is none.
 */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** The system's resolver, so that /etc/hosts counts just as it does for git. */
export const systemHostLookup: Lookup = async host =>
  (await systemLookup(host, { all: true, verbatim: true })).map(({ address }) => address);

/**
 * Everything that is not a public unicast address: IANA's special-purpose registries (RFC 6890 and updates),
 * and the ranges that embed an IPv4 address, since a translator there would reach the embedded one.
 */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's host agent: a public number that answers inside every virtual machine
  '169.254.0.0/16', // link-local, and the metadata services of most clouds
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
const NOT_PUBLIC_IPV6 = [
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

const notPublic = new BlockList();
for (const range of NOT_PUBLIC_IPV4) addRange(range, 'ipv4');
for (const range of NOT_PUBLIC_IPV6) addRange(range, 'ipv6');

function addRange(range: string, family: 'ipv4' | 'ipv6'): void {
  const [address = '', bits] = range.split('/');
  notPublic.addSubnet(address, Number(bits), family);
}

/** Whether anything but the public internet answers at an IP address. IPv4-mapped IPv6 counts as the IPv4 in it. */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  // What is no address at all cannot be vouched for.
  if (family === 0) return true;
  return notPublic.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Resolves the host of a request from the API and refuses it when any of its addresses is not public.
 * The connection must then be made to the addresses returned, not to the name: resolving it again may answer
 * otherwise (DNS rebinding). See `Remote.addresses`.
 * @param host as in `RepositoryUrl.host`
 * @returns the addresses, at least one; the host itself when it is one
 * @throws SluiceError `url_refused` (the address is not named: the asker may not learn it), `host_unknown`
 */
export async function publicAddresses(
  host: string,
  lookup: Lookup = systemHostLookup,
): Promise<readonly string[]> {
  const addresses = isIP(host) ? [host] : await resolveHost(host, lookup);
  if (addresses.length === 0)
    throw new SluiceError('host_unknown', `no address for ${host}`, { subject: host });
  if (addresses.some(isPrivateAddress)) {
    throw new SluiceError('url_refused', `${host} is refused: it is a private or local address`, {
      subject: host,
      hint: 'Use the command line, or set git.allowPrivateAddresses.',
    });
  }
  return addresses;
}

async function resolveHost(host: string, lookup: Lookup): Promise<readonly string[]> {
  try {
    return await lookup(host);
  } catch (error) {
    throw new SluiceError('host_unknown', `no address for ${host}`, { subject: host, cause: error });
  }
}
