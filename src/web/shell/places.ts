import type { ComponentType } from 'preact';
import type { Status } from '../live/live.ts';

export interface PageProps {
  readonly params: URLSearchParams;
}

/** A page of the station; `page` loads its component. */
export interface Place {
  readonly title: string;
  readonly page: () => Promise<ComponentType<PageProps>>;
  /** How many want looking at. */
  readonly badge?: (status: Status) => number;
  /** The place in the navigation that it belongs to; it has none of its own. */
  readonly below?: string;
}

/** Every page by the first word of its address. */
export const PLACES: Readonly<Record<string, Place>> = {
  '': { title: 'Now', page: async () => (await import('../pages/now.tsx')).NowPage },
  schedule: {
    title: 'Schedule',
    page: async () => (await import('../pages/schedule.tsx')).SchedulePage,
  },
  repositories: {
    title: 'Repositories',
    page: async () => (await import('../pages/repositories.tsx')).RepositoriesPage,
    badge: ({ repos }) => repos.failing,
  },
  repository: {
    title: 'Repository',
    page: async () => (await import('../pages/repository.tsx')).RepositoryPage,
    below: 'repositories',
  },
  insights: {
    title: 'Insights',
    page: async () => (await import('../pages/insights.tsx')).InsightsPage,
  },
  people: { title: 'People', page: async () => (await import('../pages/people.tsx')).PeoplePage },
  changesets: {
    title: 'Changesets',
    page: async () => (await import('../pages/changesets.tsx')).ChangesetsPage,
    badge: ({ changesets }) => changesets.failing,
  },
  deliveries: {
    title: 'Deliveries',
    page: async () => (await import('../pages/deliveries.tsx')).DeliveriesPage,
    badge: ({ deliveries }) => deliveries.failed,
  },
  capture: {
    title: 'Capture',
    page: async () => (await import('../pages/capture.tsx')).CapturePage,
    badge: ({ capture }) => capture.lost.files,
  },
};
