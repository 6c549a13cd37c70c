import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { isExcepted, proxyAt, proxyOf } from '../../src/base/proxy.ts';

const HTTPS = new URL('https://s3.example.com');
const HTTP = new URL('http://s3.example.com:9000');

test('the environment names a proxy as it does for git: by scheme, in lower case first (D-146)', () => {
  const cases: [URL, Record<string, string>, string | undefined][] = [
    [HTTPS, {}, undefined],
    [HTTPS, { HTTPS_PROXY: 'http://p:1' }, 'http://p:1 (HTTPS_PROXY)'],
    [HTTPS, { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://q:2' }, 'http://q:2 (https_proxy)'],
    [HTTPS, { HTTP_PROXY: 'http://p:1' }, undefined],
    [HTTP, { HTTP_PROXY: 'http://p:1' }, 'http://p:1 (HTTP_PROXY)'],
    [HTTP, { HTTPS_PROXY: 'http://p:1' }, undefined],
    [HTTP, { ALL_PROXY: 'http://p:1' }, 'http://p:1 (ALL_PROXY)'],
    [HTTPS, { HTTPS_PROXY: 'p:3128' }, 'http://p:3128 (HTTPS_PROXY)'],
    [HTTPS, { HTTPS_PROXY: 'p' }, 'http://p:80 (HTTPS_PROXY)'],
    [HTTPS, { HTTPS_PROXY: 'https://p' }, 'https://p:443 (HTTPS_PROXY)'],
    [HTTPS, { HTTPS_PROXY: 'http://[::1]:1' }, 'http://[::1]:1 (HTTPS_PROXY)'],
    [HTTPS, { HTTPS_PROXY: '', https_proxy: ' ' }, undefined],
    [HTTPS, { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.com' }, undefined],
    [HTTPS, { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.com', no_proxy: '' }, 'http://p:1 (HTTPS_PROXY)'],
  ];
  for (const [address, environment, proxy] of cases) {
    assert.equal(proxyOf(address, environment)?.description, proxy, JSON.stringify(environment));
  }
  assert.throws(
    () => proxyOf(HTTPS, { HTTPS_PROXY: 'socks5://u:HUSH@p:1' }),
    /HTTPS_PROXY names a socks5 proxy; [^H]*$/,
  );
  assert.throws(() => proxyOf(HTTPS, { HTTPS_PROXY: 'http://' }), /HTTPS_PROXY is no address/);
});

test('NO_PROXY excepts hosts, those below them, ports, addresses and networks (D-146)', () => {
  const cases: [string, string, boolean][] = [
    ['https://h.example.com', 'example.com', true],
    ['https://h.example.com', '.example.com', true],
    ['https://h.example.com', '*.example.com', true],
    ['https://example.com', '.example.com', true],
    ['https://badexample.com', 'example.com', false],
    ['https://h.example.com', 'other,h.example.com', true],
    ['https://h.example.com', 'other h.example.com', true],
    ['https://H.Example.com', 'h.EXAMPLE.com', true],
    ['https://h.example.com.', 'h.example.com', true],
    ['https://h.example.com', 'h.example.com:443', true],
    ['https://h.example.com', 'h.example.com:8443', false],
    ['http://h:9000', 'h:9000', true],
    ['http://h:9000', 'h:80', false],
    ['http://h', 'h:80', true],
    ['https://anything', '*', true],
    ['https://anything', '', false],
    ['https://anything', '.', false],
    ['http://10.1.2.3', '10.0.0.0/8', true],
    ['http://11.1.2.3', '10.0.0.0/8', false],
    ['http://10.1.2.3', '10.1.2.3', true],
    ['http://10.1.2.3:9000', '10.1.2.3:9000', true],
    ['http://10.1.2.3', '2.3', false],
    ['http://192.168.7.9', '192.168.6.0/23', true],
    ['http://192.168.8.9', '192.168.6.0/23', false],
    ['http://10.1.2.3', '10.0.0.0/64', false],
    ['http://[::1]:9000', '::1', true],
    ['http://[::1]:9000', '[::1]:9000', true],
    ['http://[::1]:9000', '[::1]:80', false],
    ['http://[fd00::5]', 'fd00::/8', true],
    ['http://[fe80::5]', 'fd00::/8', false],
    ['http://[2001:db8:0:0:0:0:0:1]', '2001:db8::1', true],
  ];
  for (const [address, list, isIt] of cases) {
    assert.equal(isExcepted(new URL(address), list), isIt, `${address} by ${list}`);
  }
});

test('a proxy keeps its password to itself (D-146)', () => {
  const proxy = proxyAt('http://user:HUSH%40HUSH@p:1', 'it');
  assert.equal(proxy.authorization, `Basic ${Buffer.from('user:HUSH@HUSH').toString('base64')}`);
  assert.equal(proxyAt('http://p:1', 'it').authorization, undefined);
  for (const text of [JSON.stringify(proxy), inspect(proxy), proxy.description, String(proxy)]) {
    assert.doesNotMatch(text, /HUSH/);
  }
  assert.notEqual(JSON.stringify(proxy), JSON.stringify(proxyAt('http://user:other@p:1', 'it')));
});
