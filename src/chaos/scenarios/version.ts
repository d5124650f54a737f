import type { Scenario, ScenarioContext } from '../scenario.ts';
import { again, rest, takenDown } from './parts.ts';

/** A rolling change to another build and back, under load: for some time two builds are one cluster. */
async function skewed(context: ScenarioContext): Promise<void> {
  const { target } = context;
  for (const build of ['other', 'own'] as const)
    for (const { id } of target.members) {
      const claim = await context.claim([id]);
      await takenDown(
        context,
        claim,
        { name: 'change of build', signal: 'SIGTERM', detail: `${id} to the ${build} build` },
        async () => {
          await target.exited(id);
          target.useBuild?.(id, build);
        },
      );
      await context.recovered();
      await rest(context);
    }
}

export const versionScenarios: readonly Scenario[] = [
  {
    name: 'version-skew',
    description: 'members change to another build (--other-build) and back, one after the other',
    needs: ['other-build'],
    hot: 3,
    sets: ['all'],
    run: (context) => again(() => skewed(context)),
  },
];
