/** What `bedrock-request-smoother/client` exports. */
export type { InvokeParameters } from '../core/request/payload.ts';
export type { Outcome, Status } from '../core/request/record.ts';
export type { ConnectionOptions, StackOutputs } from './connection.ts';
export {
  RequestCancelledError,
  RequestError,
  RequestExpiredError,
  RequestFailedError,
  RequestRejectedError,
  ResultTimeoutError,
  SmootherError,
  SmootherUsageError,
  SubmitManyError,
} from './errors.ts';
export type { Cancellation, HandleOptions, RequestHandle, RequestStatus, WaitOptions } from './handle.ts';
export type { BedrockCalls, CallDefaults, HttpAnswer, HttpCall } from './http/calls.ts';
export type { Ahead } from './ports.ts';
export { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts';
export type { OutgoingMessage, RequestOptions, SubmitRequest } from './requests.ts';
export type { Result } from './result.ts';
export { MessageRefusedError, type Refusal } from './sender.ts';
export { Smoother, type SubmitManyOptions } from './smoother.ts';
