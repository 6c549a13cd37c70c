import { SluiceError } from '../../base/errors.ts';
import { parquetChunks } from '../../export/parquet.ts';
import { EXPORT_TABLES } from '../../export/tables.ts';
import type { RouteOptions } from '../app-options.ts';

/** Each holds a group of rows, and takes the thread for as long as that is written. */
const MOST_AT_ONCE = 2;
const BUSY_MS = 10_000;

/** `GET /api/v1/export`: a table as it is read, no faster than it is taken. */
export function exportRoutes({ station, stopping, operation }: RouteOptions): void {
  let running = 0;
  operation('exportTable', async ({ query: { table: name, compression } }, context) => {
    const table = EXPORT_TABLES.find(each => each.name === name);
    if (!table) throw new SluiceError('not_found', `there is no table ${name}`);
    context.header('Content-Type', 'application/vnd.apache.parquet');
    context.header('Content-Disposition', `attachment; filename="${name}.parquet"`);
    context.header('Cache-Control', 'no-store');
    if (context.req.method === 'HEAD') return context.body(null);
    if (running >= MOST_AT_ONCE) {
      const message = `${running} exports are under way already`;
      throw new SluiceError('server_busy', message, { retryAfterMs: BUSY_MS });
    }
    running += 1;
    const chunks = parquetChunks(table.columns, table.rows(station.rows), { compression, signal: stopping });
    let isOver = false;
    const leave = (): void => {
      if (!isOver) running -= 1;
      isOver = true;
    };
    return context.body(
      new ReadableStream<Uint8Array<ArrayBuffer>>({
        async pull(controller) {
          try {
            const { done, value } = await chunks.next();
            if (!done) return controller.enqueue(value as Uint8Array<ArrayBuffer>);
            leave();
            controller.close();
          } catch (error) {
            leave();
            controller.error(error);
          }
        },
        async cancel() {
          leave();
          await chunks.return(undefined);
        },
      }),
    );
  });
}
