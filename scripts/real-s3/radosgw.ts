import { onPath, type RealServerKind } from './server.ts';

/** Ceph's gateway. */
export const radosgw: RealServerKind = {
  name: 'radosgw',
  obtain: async () => ((await onPath('radosgw')) ? { why: 'not wired' } : { why: 'not on the PATH' }),
  start: () => Promise.reject(new Error('no')),
};
