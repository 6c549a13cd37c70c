import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenStore } from './store-fixture.ts';

/** The contract of `NotificationStore`. */
export function notificationStoreSuite(name: string, open: OpenStore): void {
  const start = async (t: Parameters<OpenStore>[0]) => {
    const { store } = await open(t);
    const { id: repositoryId } = await store.repositories.ensure('https://h/a', 'h');
    return { notifications: store.notifications, repositoryId };
  };

  test(`${name}: a notice is raised once, until it has ended`, async t => {
    const { notifications, repositoryId } = await start(t);
    const raise = (event: 'stale' | 'awake' | 'failing', nowMs: number) =>
      notifications.raise({ repositoryId, event, message: `is ${event}`, channels: [] }, nowMs);
    assert.equal(await raise('awake', 1), undefined, 'it was not stale');
    const stale = await raise('stale', 2);
    assert.equal(await raise('stale', 3), undefined);
    await raise('failing', 4);
    assert.deepEqual(
      await notifications.notices(repositoryId),
      new Map([
        ['failing', 4],
        ['stale', 2],
      ]),
    );
    const awake = await raise('awake', 5);
    assert.deepEqual([...(await notifications.notices(repositoryId)).keys()], ['failing']);
    assert.ok(stale && awake);
    assert.deepEqual(await notifications.byId(stale.id), {
      ...{
        id: stale.id,
        repositoryId,
        url: 'https://h/a',
        event: 'stale',
        message: 'is stale',
        raisedAtMs: 2,
      },
    });
    assert.equal(await notifications.byId(awake.id + 1), undefined);
    assert.deepEqual(
      (await notifications.recent(2)).map(({ event }) => event),
      ['awake', 'failing'],
    );
    assert.deepEqual(
      (await notifications.recent(1, awake.id)).map(({ event }) => event),
      ['failing'],
    );
  });

  test(`${name}: sendings wait until they have ended, one by one`, async t => {
    const { notifications, repositoryId } = await start(t);
    const stale = { repositoryId, event: 'stale', message: 'x', channels: ['webhook', 'command'] } as const;
    const first = await notifications.raise(stale, 1);
    const second = await notifications.raise({ ...stale, event: 'failing', channels: ['webhook'] }, 2);
    assert.ok(first && second);
    const unsent = async () => (await notifications.unsent()).map(({ id, channel }) => `${id} ${channel}`);
    assert.deepEqual((await unsent()).sort(), [
      `${first.id} command`,
      `${first.id} webhook`,
      `${second.id} webhook`,
    ]);
    await notifications.endSending(first.id, 'webhook', null, 3);
    await notifications.endSending(first.id, 'webhook', null, 4);
    await notifications.endSending(second.id, 'webhook', 'refused', 3);
    assert.deepEqual(await unsent(), [`${first.id} command`]);
  });
}
