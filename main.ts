import path from 'node:path';
import { App } from 'cdktf';
import { type Backend, BackendError, backendOf } from './src/stack/backend.ts';
import { bundleFunctions } from './src/stack/bundle.ts';
import { removeConfiguration } from './src/stack/output-folder.ts';
import { SmootherStack } from './src/stack/smoother-stack.ts';

const STACK = 'bedrock-request-smoother';
const root = import.meta.dirname;

async function synthesise(backend: Backend): Promise<void> {
  const bundles = await bundleFunctions(root);
  const outdir = process.env.CDKTF_OUTDIR || path.join(root, 'cdktf.out');
  const app = new App({ outdir });
  new SmootherStack(app, STACK, { bundles, backend });
  removeConfiguration(outdir, STACK);
  app.synth();
}

try {
  await synthesise(backendOf(process.env.SMOOTHER_BACKEND));
} catch (error) {
  if (!(error instanceof BackendError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
