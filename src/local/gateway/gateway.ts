/**
 * Everything that clients send to the emulators comes through here: the gateway finds out who calls, checks that they
 * may, counts the call and passes it on.
 */

import type { Listener } from '../../wire/listener.ts';
import { type CallCount, CallLog, type Denial } from './call-log.ts';
import { errorResponse, ServiceError } from './errors.ts';
import { listen } from './http.ts';
import { type Credentials, Identities, type Identity } from './identity.ts';
import type { GatewayRequest, GatewayResponse, StreamedResponse } from './message.ts';
import { type Operation, readOperation } from './operation.ts';
import type { Place } from './place.ts';
import type { Permission, RolePolicy } from './policy.ts';

/** Something that goes wrong with a call on purpose. */
export interface Fault {
  /** How long to wait before anything else happens. */
  delayMs?: number;
  /** Answers with this error; the call does not reach its service. */
  error?: { code: string; status: number; message: string };
  /** Cuts the connection `before` the call reaches its service, or `after` it took effect there. */
  cut?: 'before' | 'after';
}

/** A call that its caller has the permission to make. */
export interface Call {
  /** A function's name, `<function>/event-source` for what polls on its behalf, or `operator`. */
  principal: string;
  /** E.g. `dynamodb:UpdateItem`. */
  action: string;
  /** All that it needs: its action on its resources, and what it names besides. */
  permissions: readonly Permission[];
}

export type FaultHook = (call: Call) => Fault | undefined;

export interface ServiceAnswer {
  response: GatewayResponse | StreamedResponse;
  /** What AWS would bill: DynamoDB request units, SQS requests of 64 KiB. */
  units?: number;
}

/** The calling side of a service, behind the gateway. */
export interface Caller {
  principal: string;
  may(permission: Permission): boolean;
}

export interface Service {
  handle(request: GatewayRequest, operation: Operation, caller: Caller): Promise<ServiceAnswer>;
}

export interface GatewayOptions {
  place: () => Place;
  services: (operation: Operation) => Service;
  faults?: FaultHook;
}

export class Gateway {
  readonly #identities = new Identities();
  readonly #policies = new Map<string, RolePolicy>();
  readonly #log = new CallLog();
  #isOpen = false;
  #listener: Listener | undefined;

  readonly #options: GatewayOptions;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Returns the endpoint. */
  async start(port?: number): Promise<string> {
    this.#listener = await listen((request) => this.#answer(request), port);
    return this.#listener.url;
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
  }

  /** A principal without a policy may do everything. */
  admit(principal: string, credentials: Credentials, policy?: RolePolicy): void {
    this.#identities.add(principal, credentials);
    if (policy) this.#policies.set(principal, policy);
  }

  /** From now on, whom it does not know is refused. Until now, that was asked to come again. */
  open(): void {
    this.#isOpen = true;
  }

  calls(): CallCount[] {
    return this.#log.counts();
  }

  denials(): Denial[] {
    return this.#log.denials();
  }

  async #answer(request: GatewayRequest): Promise<GatewayResponse | StreamedResponse | undefined> {
    let service = serviceOf(request);
    try {
      const identity = await this.#identify(request);
      service = identity.service;
      return await this.#admitted(request, identity);
    } catch (error) {
      if (error instanceof ServiceError) return errorResponse(request, service, error);
      const reason = error instanceof Error ? error.message : String(error);
      return errorResponse(
        request,
        service,
        new ServiceError('InternalFailure', 500, `local cloud: ${reason}`),
      );
    }
  }

  async #identify(request: GatewayRequest): Promise<Identity> {
    try {
      return await this.#identities.identify(request);
    } catch (error) {
      if (this.#isOpen || !(error instanceof ServiceError)) throw error;
      throw new ServiceError('ServiceUnavailable', 503, 'The local cloud is starting. Please try again.');
    }
  }

  async #admitted(
    request: GatewayRequest,
    { principal, service }: Identity,
  ): Promise<GatewayResponse | StreamedResponse | undefined> {
    const operation = readOperation(service, request, this.#options.place());
    const action = operation.permissions[0]?.action ?? `${service}:${operation.name}`;
    const policy = this.#policies.get(principal);
    const may = (permission: Permission) => policy?.allows(permission) ?? true;
    const denied = operation.permissions.find((permission) => !may(permission));
    if (denied) {
      this.#log.deny(principal, denied);
      throw accessDenied(principal, denied);
    }
    const fault = this.#options.faults?.({ principal, action, permissions: operation.permissions });
    if (fault?.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault?.cut === 'before') return undefined;
    if (fault?.error) throw new ServiceError(fault.error.code, fault.error.status, fault.error.message);
    const { response, units } = await this.#options
      .services(operation)
      .handle(request, operation, { principal, may });
    this.#log.count(principal, action, units);
    if (fault?.cut !== 'after') return response;
    if (!Buffer.isBuffer(response.body)) response.body.destroy();
    return undefined;
  }
}

function accessDenied(principal: string, { action, resource }: Permission): ServiceError {
  return new ServiceError(
    'AccessDeniedException',
    // DynamoDB and SQS answer 400, the others 403; SDKs go by the code.
    /^(dynamodb|sqs):/.test(action) ? 400 : 403,
    `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  );
}

/** The service that the signature names, right or wrong: an error is answered in the form of its protocol. */
function serviceOf(request: GatewayRequest): string {
  return /\/([a-z0-9-]+)\/aws4_request/.exec(request.headers.authorization ?? '')?.[1] ?? 's3';
}
