import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrivateAddress, publicAddresses } from '../../../../src/gather/repos/address/public-address.ts';
import { parseRepositoryUrl } from '../../../../src/gather/repos/address/url.ts';

const PRIVATE = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254'],
  ...['168.63.129.16', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.168.1.1'],
  ...['198.18.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ...['::127.0.0.1', '64:ff9b::a9fe:a9fe', '2002:7f00:1::', 'fc00::1', 'fd00:ec2::254', 'fe80::1'],
  ...['fe80::1%eth0', 'fec0::1', 'ff02::1', 'not an address', ''],
];
const PUBLIC = [
  '1.1.1.1',
  '140.82.121.4',
  '172.32.0.1',
  '100.128.0.1',
  '2606:50c0:8000::153',
  '::ffff:8.8.8.8',
];

test('loopback, private, link-local, metadata and embedding ranges are private (R-9)', () => {
  for (const address of PRIVATE) assert.equal(isPrivateAddress(address), true, address);
  for (const address of PUBLIC) assert.equal(isPrivateAddress(address), false, address);
});

test('a host with one private address among public ones is refused, and the address is not named (R-9)', async () => {
  const lookup = async (): Promise<string[]> => ['140.82.121.4', '10.1.2.3'];
  await assert.rejects(publicAddresses('rebind.example', lookup), error => {
    assert.equal((error as { code: string }).code, 'url_refused');
    assert.doesNotMatch(String(error), /10\.1\.2\.3/);
    return true;
  });
});

test('every spelling of an address is seen through without asking the resolver (R-9)', async () => {
  const lookup = (): Promise<string[]> => assert.fail('the resolver was asked');
  for (const spelling of [
    '127.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '[::ffff:127.0.0.1]',
    '[::1]',
    '0',
  ]) {
    const { host } = parseRepositoryUrl(`http://${spelling}/x`, { from: 'api' });
    await assert.rejects(publicAddresses(host, lookup), { code: 'url_refused' }, spelling);
  }
});

test('public addresses come back for pinning (R-9)', async () => {
  assert.deepEqual(await publicAddresses('host.example', async () => ['140.82.121.4']), ['140.82.121.4']);
  assert.deepEqual(await publicAddresses('140.82.121.4'), ['140.82.121.4']);
});

test('a name without address is host_unknown', async () => {
  const lookup = async (): Promise<string[]> => {
    throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
  };
  await assert.rejects(publicAddresses('none.example', lookup), { code: 'host_unknown' });
  await assert.rejects(
    publicAddresses('none.example', async () => []),
    { code: 'host_unknown' },
  );
});
