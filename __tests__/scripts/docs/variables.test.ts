import { describe, expect, it } from 'vitest';
import { between, MarkersError } from '../../../scripts/docs/markdown.ts';
import { renderTfvarsExample, renderVariablesTable } from '../../../scripts/docs/variables.ts';
import { VARIABLES } from '../../../src/stack/variable-table.ts';

describe('the table of variables', () => {
  it('keeps the nine original variables with their defaults', () => {
    const originals = VARIABLES.slice(0, 9).map((variable) => [
      variable.name,
      variable.type,
      'default' in variable ? variable.default : 'required',
    ]);
    expect(originals).toEqual([
      ['aws_region', 'string', 'us-east-1'],
      ['notification_email', 'string', 'required'],
      ['average_request_duration', 'number', 5],
      ['minutes_to_process', 'number', 5],
      ['max_concurrent_executions', 'number', 30],
      ['alarm_threshold', 'number', 5],
      ['alarm_evaluation_periods', 'number', 1],
      ['dashboard_name', 'string', 'bedrock-errors'],
      ['queue_depth_threshold', 'number', 100],
    ]);
  });

  it('every rule speaks of its own variable, in a full sentence', () => {
    for (const { name, rules } of VARIABLES) {
      for (const { condition, message } of rules) {
        expect(condition).toContain(`var.${name}`);
        expect(message).toMatch(new RegExp(`^${name} must .+\\.$`));
      }
    }
  });
});

describe('rendering', () => {
  const variables = [
    { name: 'a', type: 'string', description: 'First.', example: '"x"', rules: [] },
    {
      name: 'b',
      type: 'map(object({c = number}))',
      default: {},
      description: 'Second.',
      example: '{\n  c = 1\n}',
      rules: [{ condition: 'true', message: 'b must be b.' }],
    },
  ];

  it('gives a Markdown table', () => {
    expect(renderVariablesTable(variables)).toBe(
      [
        '| name | type          | default  | what it does |',
        '| ---- | ------------- | -------- | ------------ |',
        '| `a`  | `string`      | required | First.       |',
        '| `b`  | `map(object)` | `{}`     | Second.      |',
      ].join('\n'),
    );
  });

  it('gives a tfvars file: required values to fill in, examples as comments', () => {
    expect(renderTfvarsExample(variables)).toContain(
      '# First.\na = "x"\n\n# Second.\n# b must be b.\n# b = {\n#   c = 1\n# }\nb = {}\n',
    );
  });

  it('refuses a document without the markers', () => {
    expect(() => between('variables', '# README', '')).toThrow(MarkersError);
  });
});
