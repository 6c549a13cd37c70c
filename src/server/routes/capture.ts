import type { Hono } from 'hono';
import { z } from 'zod';
import type { AppOptions } from '../app-options.ts';
import { readQuery } from '../body.ts';

const FilesQuery = z.strictObject({
  collector: z.string().min(1).optional(),
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

const DiskQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(100) });

/** Collectors, the files of their readings with what became of them, and the disk budget. */
export function captureRoutes(app: Hono, { station: { captures } }: AppOptions): void {
  app.get('/api/v1/capture', async context => {
    const status = await captures.status();
    const totals = new Map(captures.totals().map(({ collector, ...sums }) => [collector, sums]));
    const collectors = status.collectors.map(one => ({ ...one, kept: totals.get(one.name) ?? null }));
    return context.json({ ...status, collectors, waiting: captures.waiting() });
  });
  app.get('/api/v1/capture/files', context => {
    const { collector, before, limit } = readQuery(context, FilesQuery);
    return context.json({ files: captures.files({ collector, beforeId: before, limit }) });
  });
  app.get('/api/v1/capture/files/:id{[0-9]+}', context =>
    context.json(captures.file(Number(context.req.param('id')))),
  );
  app.get('/api/v1/disk', async context =>
    context.json(await captures.disk(readQuery(context, DiskQuery).limit)),
  );
}
