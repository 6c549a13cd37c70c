import { extname } from 'node:path';
import type { Context, Hono } from 'hono';
import { SluiceError } from '../../base/errors.ts';
import { chooseCoding, hasContent } from '../negotiation.ts';
import type { Pages } from '../pages/pages.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** Pages and assets by the paths under which a browser asks for them. */
export const PAGE_PATHS = ['/', '/api.html', '/icon.svg', '/assets/:name'];

/** The files of the pages. */
export function pageRoutes(app: Hono, pages: Pages): void {
  const answer = async (context: Context): Promise<Response> => {
    const path = context.req.path === '/' ? 'index.html' : context.req.path.slice(1);
    const contentType = CONTENT_TYPES[extname(path)];
    const file = contentType === undefined ? undefined : await pages.file(path);
    if (file === undefined || contentType === undefined)
      throw new SluiceError('not_found', `there is nothing at ${context.req.path}`);
    context.header('ETag', file.tag);
    // Asked each time whether it is still the same: an update shows at once. What is in an asset never changes.
    const isAsset = path.startsWith('assets/');
    context.header('Cache-Control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
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
  };
  for (const path of PAGE_PATHS) app.get(path, answer);
}
