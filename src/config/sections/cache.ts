import { choice, list, optionalPath, optionalSize, optionalText, section, size } from '../fields.ts';
import { repositoryUrl } from './repos.ts';

/** Which profiles there are is known only where it is used. */
function placeFault(text: string): string | undefined {
  return /^s3:\/\/[^/]+\/[^/]+/.test(text) ? undefined : 'must look like s3://PROFILE/BUCKET/PREFIX';
}

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
  coldStorage: optionalText(
    {
      description:
        'Where evicted clones are kept as archives, to be restored from: a bucket of a profile, s3://PROFILE/BUCKET/PREFIX.',
      example: 's3://backup/clones/sluice',
    },
    placeFault,
  ),
  coldStorageUnavailable: choice(['evict', 'keep'], {
    default: 'evict',
    description:
      'What happens to a clone that must go while cold storage does not answer: `evict` it anyway, since it can be cloned again, or `keep` it.',
  }),
});
