import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type EndpointHealth,
  type EndpointSign,
  endpointSignOf,
  observe,
  probeDueMs,
  probed,
  unknownEndpoint,
} from '../../src/engine/endpoint-health.ts';

const after = (...sightings: EndpointSign[]): EndpointHealth =>
  sightings.reduce((link, sighting, index) => observe(link, sighting, 1000 + index), unknownEndpoint(0));

test('V10: a link is unknown until something is seen of it', () => {
  assert.equal(unknownEndpoint(5).state, 'unknown');
  assert.equal(after('success').state, 'online');
  assert.equal(after('answer').state, 'online');
  assert.equal(after('nothing').state, 'offline');
});

test('V10: troubles in a row make it unhealthy, one success makes it well', () => {
  assert.equal(after('success', 'trouble', 'trouble').state, 'online');
  assert.equal(after('success', 'trouble', 'trouble', 'trouble').state, 'unhealthy');
  assert.equal(after('success', 'trouble', 'trouble', 'success', 'trouble').state, 'online');
  assert.equal(after('trouble', 'trouble', 'trouble', 'answer').state, 'unhealthy');
  assert.equal(after('trouble', 'trouble', 'trouble', 'success').state, 'online');
});

test('V10: what is offline comes back by an answer, not by one time-out', () => {
  assert.equal(after('nothing', 'trouble').state, 'offline');
  assert.equal(after('nothing', 'answer').state, 'online');
});

test('V10: probes of an offline link are apart by the given time', () => {
  const link = observe(unknownEndpoint(0), 'nothing', 100);
  assert.equal(probeDueMs(link, 60_000), 60_100);
  const again = observe(probed(link, 60_100), 'nothing', 60_200);
  assert.equal(probeDueMs(again, 60_000), 120_100);
  assert.equal(probeDueMs(observe(again, 'success', 70_000), 60_000), undefined);
});

test('V10: `sinceMs` changes exactly when the state does', () => {
  const sighting = fc.constantFrom<EndpointSign>('success', 'answer', 'trouble', 'nothing');
  fc.assert(
    fc.property(fc.array(sighting, { maxLength: 30 }), sightings => {
      let link = unknownEndpoint(0);
      for (const [index, one] of sightings.entries()) {
        const next = observe(link, one, index + 1);
        assert.equal(next.sinceMs === index + 1, next.state !== link.state);
        link = next;
      }
    }),
  );
});

test('V10: an error of this side says nothing of the link', () => {
  assert.equal(endpointSignOf({ code: 'source_changed', retry: 'transient' }), undefined);
  assert.equal(endpointSignOf({ code: 'host_unknown', retry: 'transient' }), 'nothing');
  assert.equal(endpointSignOf({ code: 'slow_down', retry: 'transient' }), 'trouble');
  assert.equal(endpointSignOf({ code: 'access_denied', retry: 'permanent' }), 'answer');
});
