import type { Forge } from '../../../src/gather/forges/forge.ts';
import type { ForgeHarness } from '../../suites/forge-suite.ts';
import type { ForgeModel, ModelChangeset } from './model.ts';

/** The suite's harness over a stand-in's model. */
export function modelHarness(forge: Forge, model: ForgeModel, manyItems: number): ForgeHarness {
  const changeset = (ref: { repository: string; number: number }): ModelChangeset => {
    const found = model.find(model.repository(ref.repository), ref.number);
    if (!found) throw new Error(`no changeset ${ref.repository}#${ref.number}`);
    return found;
  };
  return {
    forge,
    owner: 'acme',
    manyItems,
    addRepository: async (name, options = {}) => {
      if (name === 'one' || name === 'lonely') model.addRepository('other/unrelated');
      return model.addRepository(`acme/${name}`, options).path;
    },
    addChangeset: async (path, title) => {
      const repository = model.repository(path);
      if (!repository) throw new Error(`no repository ${path}`);
      const { number } = model.addChangeset(repository, { title });
      return { host: forge.host, repository: path, number };
    },
    comment: async ref => void model.addEvent(changeset(ref)),
    approve: async ref => void model.addEvent(changeset(ref), { kind: 'review', review: 'APPROVED' }),
    label: async (ref, label) => {
      changeset(ref).labels.push(label);
      model.addEvent(changeset(ref), { kind: 'labeled', label });
    },
    close: async ref => {
      const event = model.addEvent(changeset(ref), { kind: 'closed' });
      Object.assign(changeset(ref), { state: 'closed', closedAtMs: event.atMs });
    },
    rename: async (path, name) => {
      const repository = model.repository(path);
      if (repository) model.rename(repository, `acme/${name}`);
      return `acme/${name}`;
    },
  };
}
