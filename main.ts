import path from 'node:path';
import { App } from 'cdktf';
import { bundleFunctions } from './src/stack/bundle.ts';
import { SmootherStack } from './src/stack/smoother-stack.ts';

const root = import.meta.dirname;
const outdir = process.env.CDKTF_OUTDIR ?? path.join(root, 'cdktf.out');

const app = new App({ outdir });
new SmootherStack(app, 'bedrock-request-smoother', {
  bundles: await bundleFunctions(root),
  backend: process.env.SMOOTHER_BACKEND,
});
app.synth();
