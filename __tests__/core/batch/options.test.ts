import { describe, expect, it } from 'vitest';
import { type OptionSources, readOptions } from '../../../src/core/batch/options.ts';

const NOW = Date.UTC(2026, 10, 26);
const DAY_MS = 86_400_000;
const MONTH_SECONDS = 29 * 86_400;
const MODEL = 'us.amazon.nova-lite-v1:0';

const read = (sources: Partial<OptionSources>, longestWaitSeconds = MONTH_SECONDS) =>
  readOptions({ metadata: {}, ...sources }, NOW, longestWaitSeconds);

describe('the options of a batch', () => {
  it('are the model, and defaults: after all single requests, within a week', () => {
    expect(read({ metadata: { 'model-id': MODEL } })).toEqual({
      options: { model_id: MODEL, model_invocation_type: 'InvokeModel', priority: 5, tenant: 'default' },
      deadlineAt: NOW + 7 * DAY_MS,
    });
  });

  it('come from metadata, whose values are text, and metadata of others does not matter', () => {
    const metadata = {
      'model-id': MODEL,
      'model-invocation-type': 'Converse',
      priority: '2',
      tenant: 'acme',
      task: 'summary',
      'max-wait-seconds': '3600',
      'accept-truncated': 'true',
      mtime: '1764115200',
    };
    expect(read({ metadata })).toEqual({
      options: {
        model_id: MODEL,
        model_invocation_type: 'Converse',
        priority: 2,
        tenant: 'acme',
        task: 'summary',
        accept_truncated: true,
      },
      deadlineAt: NOW + 3_600_000,
    });
  });

  it('may be named in metadata as in the file, and the file may begin with a byte order mark', () => {
    const metadata = { model_id: MODEL, max_wait_seconds: '3600' };
    const besides = '\uFEFF{"priority":2}';
    expect(read({ metadata, besides })).toMatchObject({
      options: { model_id: MODEL, priority: 2 },
      deadlineAt: NOW + 3_600_000,
    });
  });

  it('come from a file beside the batch, where metadata does not say otherwise', () => {
    const besides = JSON.stringify({ model_id: MODEL, priority: 2, deadline: '2026-11-27T00:00:00Z' });
    expect(read({ besides, metadata: { priority: '4' } })).toMatchObject({
      options: { model_id: MODEL, priority: 4 },
      deadlineAt: NOW + DAY_MS,
    });
  });

  it.each<[problem: RegExp, sources: Partial<OptionSources>]>([
    [/model_id/, {}],
    [/model_id/, { metadata: { 'model-id': 'no model!' } }],
    [/priority/, { metadata: { 'model-id': MODEL, priority: 'high' } }],
    [/priority/, { metadata: { 'model-id': MODEL, priority: '6' } }],
    [/tenant/, { metadata: { 'model-id': MODEL, tenant: 'a|b' } }],
    [/model_invocation_type/, { metadata: { 'model-id': MODEL, 'model-invocation-type': 'Stream' } }],
    [/deadline: .* has passed/, { metadata: { 'model-id': MODEL, deadline: '2026-11-25T00:00:00Z' } }],
    [
      /deadline: at most until 2026-12-09T00:00:00/,
      { metadata: { 'model-id': MODEL, deadline: '2026-12-25T00:00:00Z' } },
    ],
    [
      /max_wait_seconds: at most 1123200, got 1200000/,
      { metadata: { 'model-id': MODEL, 'max-wait-seconds': '1200000' } },
    ],
    [
      /either a deadline or/,
      { metadata: { 'model-id': MODEL, 'max-wait-seconds': '9', deadline: '2026-11-27T00:00:00Z' } },
    ],
    [/colour/, { besides: JSON.stringify({ model_id: MODEL, colour: 'red' }) }],
    [/a JSON object/, { besides: '[]' }],
    [/a JSON object/, { besides: 'model_id: x' }],
  ])('that cannot be used are named: %s', (problem, sources) => {
    expect(read(sources)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it('wait no longer than payloads are kept', () => {
    const metadata = { 'model-id': MODEL };
    expect(read({ metadata }, 86_400)).toMatchObject({ deadlineAt: NOW + DAY_MS });
    expect(read({ metadata: { ...metadata, 'max-wait-seconds': '86401' } }, 86_400)).toEqual({
      problem: 'max_wait_seconds: at most 86400, got 86401',
    });
  });
});
