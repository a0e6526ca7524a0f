/** The worlds in which processes meet, and how they get there. */

import { runWorker } from '../../core/invocation/worker.ts';
import type { Led } from '../../core/lane/ports.ts';
import { LaneLeader } from '../../core/prioritization/lane-leader.ts';
import { LEASE_MS } from '../../core/prioritization/lane-writes.ts';
import { Workers } from '../../core/prioritization/workers.ts';
import type { HoldMessage } from '../../core/request/hold-message.ts';
import { nameOf } from './calls.ts';
import { type FunctionName, LANE, type Sabotage, TIMEOUTS_MS } from './functions.ts';
import type { CallInterceptor, Instance } from './instance.ts';
import { INDEX_LAG_MS, Pipeline } from './pipeline.ts';
import { requestBody, WIDE } from './scenario.ts';
import { Scheduler } from './scheduler.ts';

/** A world in which some requests have been accepted and nothing runs. */
export class Stage {
  readonly pipeline: Pipeline;
  readonly scheduler: Scheduler;

  constructor(sabotage: Sabotage | undefined) {
    this.pipeline = new Pipeline({ limits: WIDE, standsStill: true, sabotage });
    this.scheduler = new Scheduler(this.pipeline.clock);
  }

  async accept(...ids: string[]): Promise<void> {
    for (const id of ids)
      await this.ingest(this.pipeline.functions.instance('ingestion'), id, requestBody(id));
    await this.pass(INDEX_LAG_MS);
  }

  /** Runs a leader's tick that releases what was accepted. Returns the bundle on the Hold queue. */
  async release(): Promise<HoldMessage> {
    const instance = this.pipeline.functions.instance('prioritization');
    const led = await this.acquire(instance, 'first');
    await this.leader(instance, led).tick();
    await instance.connect(this.pipeline.ports).leadership.release(led);
    const [bundle] = this.bundles();
    if (bundle === undefined) throw new Error('Nothing was released');
    return bundle;
  }

  bundles(): HoldMessage[] {
    return this.pipeline.hold.bodies().map((body) => JSON.parse(body) as HoldMessage);
  }

  pass(ms: number): Promise<void> {
    return this.pipeline.clock.run(this.pipeline.clock.now() + ms);
  }

  async acquire(instance: Instance, holder: string): Promise<Led> {
    const led = await this.tryAcquire(instance, holder);
    if (led === undefined) throw new Error('The lane is held');
    return led;
  }

  tryAcquire(instance: Instance, holder: string): Promise<Led | undefined> {
    const now = this.pipeline.clock.now();
    return this.pipeline.functions
      .prioritizationPorts(instance)
      .leadership.acquire(LANE, holder, now, now + LEASE_MS);
  }

  leader(instance: Instance, led: Led): LaneLeader {
    const { settings } = this.pipeline;
    const ports = this.pipeline.functions.prioritizationPorts(instance);
    return new LaneLeader(ports, settings, new Workers(settings, ports), led);
  }

  ingest(instance: Instance, messageId: string, body: unknown): Promise<string[]> {
    const message = { id: messageId, body: JSON.stringify(body), sentAt: this.pipeline.clock.now() };
    return this.pipeline.functions.ingestion(instance).ingest([{ ...message, receiveCount: 1 }]);
  }

  invoke(instance: Instance, message: HoldMessage): Promise<void> {
    const deadline = this.pipeline.clock.now() + TIMEOUTS_MS.invocation;
    return runWorker(this.pipeline.functions.invocationPorts(instance, deadline), message);
  }

  /** Adds a process to the race. From its gate on, each of its calls is a step. */
  process(
    name: string,
    who: FunctionName | Instance,
    work: (instance: Instance) => Promise<unknown>,
    cameTo: { call: string; times: number } = { call: '', times: 0 },
  ): void {
    const instance = typeof who === 'string' ? this.pipeline.functions.instance(who) : who;
    this.scheduler.start(name, instance, (gate) => {
      instance.interfere(after(cameTo, gate));
      return work(instance);
    });
  }

  /** Lets time pass at some moment of the race. */
  jump(ms: number): void {
    const instance = this.pipeline.functions.instance('prioritization');
    this.scheduler.start('time', instance, () => instance.clock.sleep(ms));
  }
}

/** The gate opens after this many calls of the name. */
function after(
  { call: name, times }: { call: string; times: number },
  gate: CallInterceptor,
): CallInterceptor {
  let passed = 0;
  return async (call, proceed, instance) => {
    if (passed >= times) return gate(call, proceed, instance);
    try {
      return await proceed();
    } finally {
      if (nameOf(call) === name) passed += 1;
    }
  };
}
