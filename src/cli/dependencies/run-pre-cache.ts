import { systemClock } from '../../api/system-clock.ts';
import { candidates, ItemForecaster } from '../../dependencies/pre-cache/forecaster.ts';
import { type RecurrentItems, recurrentItems } from '../../dependencies/pre-cache/recurrent-items.ts';
import { PreCacheService } from '../../dependencies/pre-cache/service.ts';
import { asError } from '../../foundation/errors.ts';
import { seededRandom } from '../../foundation/random.ts';
import { type ClientOptions, endpointsOf } from '../command.ts';
import { stopSignal } from '../local/stop-signal.ts';
import { openPlanes } from '../open-planes.ts';
import { outputTo } from '../terminal/output.ts';
import { showPreCache } from './show.ts';

export interface PreCacheCommandOptions {
  readonly budget: number;
  readonly confidence: number;
  readonly recurrent: boolean;
  readonly etcd?: boolean;
}

/** Runs until a signal; says then what its plans were worth, as `dependencies stats` does meanwhile. */
export async function runPreCache(options: ClientOptions & PreCacheCommandOptions): Promise<void> {
  const out = outputTo(options.json === true);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const stopped = stopSignal();
  const planes = await openPlanes(endpointsOf(options), options.etcd === true, {
    connectMs: options.timeout ?? 5000,
  });
  const network = options.recurrent ? await openNetwork(say) : null;
  const ending = new AbortController();
  try {
    const limits = { budgetBytes: options.budget, leastConfidence: options.confidence };
    const forecaster = new ItemForecaster(candidates(network === null ? [] : [network]), limits);
    const service = new PreCacheService({
      state: planes.state,
      clock: systemClock,
      forecaster,
      say,
      planned: (sandbox, items) => out.say(`${sandbox}: ${items} objects to download ahead`),
    });
    out.say(out.style.green('ready'));
    out.document({ ready: true });
    const running = service.run(ending.signal);
    await stopped;
    ending.abort();
    await running;
    await service.settled();
    const status = service.status();
    showPreCache(out, status);
    out.document(status);
  } finally {
    await network?.close();
    await planes.close();
  }
}

/** Without it the others are still there. */
async function openNetwork(say: (text: string) => void): Promise<RecurrentItems | null> {
  try {
    return await recurrentItems(seededRandom('pre-cache'));
  } catch (error) {
    say(`without the recurrent network: ${asError(error).message}`);
    return null;
  }
}
