import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { Hono } from 'hono';
import { chooseCoding, hasContent } from '../negotiation.ts';
import { PageFile } from '../page-file.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The files of the pages, read once at start: what is not in the folder then cannot be asked for. */
export function pageRoutes(app: Hono, folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const contentType = CONTENT_TYPES[extname(name)];
    if (!contentType) continue;
    const file = new PageFile(readFileSync(join(folder, name)));
    const path = name === 'index.html' ? '/' : `/${name.replaceAll(sep, '/')}`;
    app.get(path, async context => {
      context.header('ETag', file.tag);
      // Asked each time whether it is still the same: an update shows at once.
      context.header('Cache-Control', 'no-cache');
      context.header('Vary', 'Accept-Encoding');
      if (hasContent(context.req.header('if-none-match'), file.tag)) return context.body(null, 304);
      const { content, coding } = await file.in(
        chooseCoding(context.req.header('accept-encoding'), ['br', 'gzip']),
      );
      if (coding !== 'identity') context.header('Content-Encoding', coding);
      context.header('Content-Type', contentType);
      context.header('Content-Length', String(content.length));
      context.header('Accept-Ranges', 'none');
      return context.body(new Uint8Array(content));
    });
  }
}
