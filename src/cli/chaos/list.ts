import { scenarios, scenariosOf, setNames } from '../../chaos/scenarios/registry.ts';
import { outputTo } from '../terminal/output.ts';

/** `chaos list`. */
export function listScenarios(options: { readonly json?: boolean }): void {
  const out = outputTo(options.json === true);
  out.table(
    ['scenario', 'what is done', 'members', 'needs', 'sets'],
    scenarios.map((scenario) => {
      const { name, description, hot, warm, cold, needs } = scenario;
      const members = [
        `${hot} hot`,
        ...(warm === undefined ? [] : [`${warm} warm`]),
        ...(cold === undefined ? [] : [`${cold} cold`]),
      ];
      const sets = setNames.filter((set) => scenariosOf(set).includes(scenario));
      return [name, description, members.join(', '), needs.join(', ') || '–', sets.join(', ')];
    }),
  );
  out.say(
    '\nSeveral at once on one cluster: kill-leader+partition-oneway. Sets: all, quick (within 5 minutes), ci (within 2).',
  );
  out.document({
    scenarios: scenarios.map((scenario) => ({
      scenario: scenario.name,
      description: scenario.description,
      needs: scenario.needs,
      hot: scenario.hot,
      warm: scenario.warm ?? 0,
      cold: scenario.cold ?? 0,
      sets: setNames.filter((set) => scenariosOf(set).includes(scenario)),
    })),
  });
}
