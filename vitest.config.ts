import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const files = (...folders: string[]) => folders.map((folder) => `__tests__/${folder}`);

/** Tests on the local cloud, or of what main.ts writes: they share one synthesised stack. */
const CLOUD = files(
  'client/smoother.test.ts',
  'contract/applied.test.ts',
  'permissions/**/*.test.ts',
  'pipeline/**/*.test.ts',
  'stack/determinism.test.ts',
);

/** Tests that change what others in their process would see, or measure it: each gets a process to itself. */
const ISOLATED = files(
  'aws/clients.test.ts',
  'aws/large-batch.test.ts',
  'cli/main.test.ts',
  'cli/program.test.ts',
  'cli/operator/{doctor,inspect,producer}.test.ts',
  'cli/terminal/{problems,signals}.test.ts',
  'client/lambda-example.test.ts',
  'lab/external/{clients,moto}.test.ts',
  'local/event-sources/schedule.test.ts',
  'local/functions.test.ts',
);

/** Tests that take long: they begin before the others of their project, so that none of them is left alone at the end. */
const LONG = files(
  ...['invariants/', 'lab/crash/', 'lab/faults/', 'lab/simulation/', 'lab/soak/'],
  ...['core/prioritization/fencing', 'stack/deletion-guard'],
);

class LongFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications);
    const projects = [...new Set(sorted.map(({ project }) => project))];
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((place) => moduleId.includes(place));
    return projects.flatMap((project) => {
      const own = sorted.filter((it) => it.project === project);
      return [...own.filter(isLong), ...own.filter((it) => !isLong(it))];
    });
  }
}

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    sequence: { sequencer: LongFirst },
    // One more than the cores of a small machine: some files mostly wait, for functions on the local cloud.
    maxWorkers: 3,
    // Projects run in the order of their names, so that those that wait begin first.
    projects: [
      {
        extends: true,
        test: { name: 'cloud', include: CLOUD, globalSetup: '__tests__/synthesised-once.ts' },
      },
      {
        extends: true,
        test: { name: 'isolated', include: ISOLATED, setupFiles: '__tests__/give-way.ts' },
      },
      {
        extends: true,
        test: {
          name: 'shared',
          include: files('**/*.test.ts'),
          exclude: [...CLOUD, ...ISOLATED],
          isolate: false,
          setupFiles: '__tests__/give-way.ts',
        },
      },
    ],
  },
});
