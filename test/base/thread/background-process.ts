import { siblingModule, ThreadClient } from '../../../src/base/thread-client.ts';
import type { EchoProtocol } from './echo-protocol.ts';

/** A process that has nothing but a thread, and one request to it. */
const thread = new ThreadClient<EchoProtocol>({
  name: 'test',
  entry: siblingModule(import.meta.url, './echo-thread'),
  setup: { greeting: 'hi' },
  background: true,
});
const count = await thread.request('count', 20);
process.stdout.write(`${count}\n`);
