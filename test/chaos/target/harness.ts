import { startTarget, type TargetOptions } from '../../../src/chaos/target/start-target.ts';
import { settings } from './settings.ts';

/** A harness in a process of its own, to be killed: starts a target in the folder, freezes one member, says what there is to lose. */
const [folder = '', network = 'proxy'] = process.argv.slice(2);
const target = await startTarget({
  ...settings(folder),
  network: network as TargetOptions['network'],
  temporaryFolder: true,
});
target.signal(target.members[0]?.id ?? '', 'SIGSTOP');
process.send?.({ pids: target.members.map(({ id }) => target.pid(id)), how: target.links.how });
