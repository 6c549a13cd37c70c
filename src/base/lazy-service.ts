import type { Service } from './lifecycle.ts';

/** A part that can only be made once the parts before it have started. */
export function lazyService(name: string, make: () => Service): Service {
  let service: Service | undefined;
  return {
    name,
    start: () => {
      service ??= make();
      return service.start();
    },
    stop: async () => service?.stop(),
  };
}
