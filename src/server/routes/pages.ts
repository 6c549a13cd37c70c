import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { Hono } from 'hono';

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
    const content = readFileSync(join(folder, name));
    const path = name === 'index.html' ? '/' : `/${name.replaceAll(sep, '/')}`;
    app.get(path, context => {
      context.header('Content-Type', contentType);
      context.header('Cache-Control', 'no-cache');
      return context.body(content);
    });
  }
}
