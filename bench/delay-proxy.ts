/**
 * Passes connections on to a server of this machine, each piece of data later by half of a way there and back, as a
 * process of its own: `node bench/delay-proxy.ts ENDPOINT MS`. Prints its endpoint; ends with its standard input.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const [, , endpoint = '', roundTripMs = '20'] = process.argv;
const { hostname, port } = new URL(endpoint);
const delayMs = Number(roundTripMs) / 2;

function pass(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on('data', data => setTimeout(() => to.write(data), delayMs));
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('error', () => to.destroy());
}

const server = createServer({ allowHalfOpen: true }, client => {
  const upstream = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  pass(client, upstream);
  pass(upstream, client);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit());
