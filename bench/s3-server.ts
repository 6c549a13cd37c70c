/**
 * The test S3 server as a process of its own, so that its CPU time is not counted with the client's. Prints its
 * endpoint; ends with its parent.
 */
import { memoryStorage, noStorage } from '../test/support/s3-server/contents.ts';
import { startS3Server } from '../test/support/s3-server/server.ts';

const storage = process.argv[2] === 'drop' ? noStorage() : memoryStorage();
const server = await startS3Server({ buckets: ['bench'], storage });
process.stdout.write(`${server.endpoint}\n`);
process.stdin.resume();
process.stdin.on('end', () => void server.stop().then(() => process.exit()));
