import { list, optionalPath, optionalSize, section, size } from '../fields.ts';
import { repositoryUrl } from './repos.ts';

/** repos.md, P5 and P6. */
export const cache = section('The clones on disk.', {
  directory: optionalPath({
    description: 'Where the clones are; `cache` in the root folder where not given.',
    example: '/var/lib/sluice/cache',
  }),
  minFreeDisk: size({
    default: '1GiB',
    description: 'Free disk space to keep: least recently used clones go before there is less.',
  }),
  maxSize: optionalSize({
    description: 'What all clones together may take; no limit but the disk where not given.',
    example: '50GiB',
  }),
  neverEvict: list(repositoryUrl(), {
    description: 'Repositories whose clones are never evicted.',
    example: ['https://github.com/owner/name'],
  }),
});
