// The runtime inside an execution environment: a plain Node process that loads one handler and gets one event at a time
// from its parent. Only this file is the local cloud's; the handler comes from the function's zip.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';

// The channel closes when the parent dies, however it dies: no function outlives the local cloud.
process.on('disconnect', () => process.exit());

function describeError(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') };
}

function fatal(error) {
  process.send({ kind: 'fatal', error: describeError(error) }, () => process.exit(1));
}
process.on('uncaughtException', fatal);
process.on('unhandledRejection', fatal);

/** An ES module, or code that imports while it runs: such code cannot come from another process. */
const NEEDS_IMPORT = /^(import|export)\b|\bimport\(/m;

async function loadHandler() {
  const [file, name] = process.env._HANDLER.split('.');
  const path = ['.js', '.mjs', '.cjs']
    .map((extension) => join(process.env.LAMBDA_TASK_ROOT, file + extension))
    .find(existsSync);
  if (!path) throw new Error(`Cannot find module '${file}'`);
  const source = readFileSync(path, 'utf8');
  const loaded = NEEDS_IMPORT.test(source)
    ? await import(pathToFileURL(path).href)
    : requireCompiled(path, source);
  const handler = loaded[name] ?? loaded.default?.[name];
  if (typeof handler !== 'function') throw new Error(`${process.env._HANDLER} is undefined or not exported`);
  // Node 24 on Lambda has no handlers with callbacks.
  if (handler.length > 2) throw new Error('Callback-based handlers are not supported');
  return handler;
}

/**
 * Loads a CommonJS file as `require` does, with the code that an earlier process compiled: a start then takes less than half
 * the time.
 */
function requireCompiled(filename, source) {
  const compiled = `${filename}.compiled`;
  const isNew = !existsSync(compiled);
  const cachedData = isNew ? undefined : readFileSync(compiled);
  const script = new Script(Module.wrap(source), { filename, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, dirname(filename));
  if (isNew) {
    // Others may start at the same time: each sees a whole file or none.
    writeFileSync(`${compiled}.${process.pid}`, script.createCachedData());
    renameSync(`${compiled}.${process.pid}`, compiled);
  }
  return module.exports;
}

async function invoke(handler, { requestId, functionArn, deadline, event }) {
  const context = {
    awsRequestId: requestId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: functionArn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  try {
    const payload = JSON.stringify((await handler(event, context)) ?? null);
    answer({ kind: 'result', payload });
  } catch (error) {
    answer({ kind: 'error', error: describeError(error) });
  }
}

/** Marks where the invocation's lines end, so that all of them are known before its answer. */
function answer(message) {
  for (const stream of [process.stdout, process.stderr]) stream.write('\u0000\n');
  process.send(message);
}

try {
  const handler = await loadHandler();
  process.on('message', (message) => invoke(handler, message));
  process.send({ kind: 'ready' });
} catch (error) {
  fatal(error);
}
