import type { ForgeKind, OpenForge } from './gather/forges/forge.ts';
import { GiteaForge } from './gather/forges/gitea/gitea.ts';
import { giteaWebhooks } from './gather/forges/gitea/webhooks.ts';
import { GithubForge } from './gather/forges/github/github.ts';
import { githubWebhooks } from './gather/forges/github/webhooks.ts';
import { GitlabForge } from './gather/forges/gitlab/gitlab.ts';
import { gitlabWebhooks } from './gather/forges/gitlab/webhooks.ts';
import type { ForgeWebhooks } from './gather/forges/webhook.ts';

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
