import { forgeSuite } from '../../suites/forge-suite.ts';
import { modelHarness } from '../../support/forge/harness.ts';
import { KINDS, openForge } from './stand-ins.ts';

const MANY = { github: 201, gitlab: 201, gitea: 101 };

for (const kind of KINDS) {
  forgeSuite(kind, async (t, budget) => {
    const { forge, standIn } = await openForge(t, kind, { budget });
    return modelHarness(forge, standIn.model, MANY[kind]);
  });
}
