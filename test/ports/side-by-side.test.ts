import { randomBytes } from 'node:crypto';
import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import { RandomCalls, textOf } from './conformance/random-calls.ts';
import type { StartSubject, Subject } from './conformance/subject.ts';
import { etcdClientOnEtcd, etcdClientOnTanistOf, inProcess, nativeOf } from './conformance/subjects.ts';

const calls = Number(process.env.TANIST_SIDE_CALLS ?? 600);
const seed = process.env.TANIST_SIDE_SEED ?? randomBytes(4).toString('hex');

const implementations: Readonly<Record<string, StartSubject>> = {
  'inside a node': inProcess('leader', 1),
  'Tanist over gRPC': nativeOf(1),
  'etcd client on Tanist': etcdClientOnTanistOf(1),
  'etcd client on etcd': etcdClientOnEtcd,
};

async function outcome(run: Promise<unknown>): Promise<string> {
  try {
    return textOf(await run) ?? 'done';
  } catch (error) {
    if (error instanceof TanistError) return `${error.code}${error.indeterminate ? '?' : ''}`;
    throw error;
  }
}

for (const space of ['user', 'planes'] as const)
  test.serial(`the same calls get the same answers from every implementation: ${space}`, async (t) => {
    t.timeout(120_000);
    const subjects: [string, Subject][] = [];
    try {
      for (const [name, start] of Object.entries(implementations)) {
        const subject = await start(t, space);
        if (subject !== null) subjects.push([name, subject]);
      }
      const random = new RandomCalls(seededRandom(`${seed} ${space}`));
      const known = { revision: 1, compacted: 0 };
      const kinds = new Set<string>();
      for (let i = 0; i < calls; i++) {
        const call = random.next(known);
        const [first = '', ...others] = await Promise.all(
          subjects.map(([, subject]) => outcome(call.run(subject))),
        );
        for (const [j, other] of others.entries()) {
          if (other === first) continue;
          t.log(`rerun: TANIST_SIDE_SEED=${seed} TANIST_SIDE_CALLS=${calls}`);
          t.log(`call ${i}: ${call.text}`);
          t.is(other, first, `${subjects[j + 1]?.[0]}, then ${subjects[0]?.[0]}`);
        }
        const { revision } = first.startsWith('{') ? JSON.parse(first) : known;
        if (typeof revision === 'number') known.revision = Math.max(known.revision, revision);
        if (call.text.startsWith('compact')) known.compacted = Number(call.text.split(' ')[1]);
        kinds.add(`${call.text.split(' ')[0]} ${/^[a-z]/.test(first) ? first : 'answer'}`);
      }
      t.log(`seed ${seed}, ${subjects.length} implementations, kinds of answers: ${kinds.size}`);
      t.true(kinds.size >= 10, [...kinds].join(', '));
    } finally {
      await Promise.all(subjects.map(([, subject]) => subject.stop()));
    }
  });
