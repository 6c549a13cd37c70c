import type { ForgeKind, OpenForge } from './forge.ts';
import { GiteaForge } from './gitea/gitea.ts';
import { giteaWebhooks } from './gitea/webhooks.ts';
import { GithubForge } from './github/github.ts';
import { githubWebhooks } from './github/webhooks.ts';
import { GitlabForge } from './gitlab/gitlab.ts';
import { gitlabWebhooks } from './gitlab/webhooks.ts';
import type { ForgeWebhooks } from './webhook.ts';

/** Part of the composition root, loaded when a command needs code hosts. */
export const forgeKinds: {
  readonly open: OpenForge;
  readonly webhooks: Readonly<Record<ForgeKind, ForgeWebhooks>>;
} = {
  open: (settings, dependencies) => {
    switch (settings.kind) {
      case 'github':
        return new GithubForge(settings, dependencies);
      case 'gitlab':
        return new GitlabForge(settings, dependencies);
      case 'gitea':
        return new GiteaForge(settings, dependencies);
    }
  },
  webhooks: { github: githubWebhooks, gitlab: gitlabWebhooks, gitea: giteaWebhooks },
};
