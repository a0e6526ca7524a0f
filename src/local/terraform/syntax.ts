/** What a parsed expression is made of. */

export type Expression =
  | { kind: 'literal'; value: string | number | boolean | null }
  | { kind: 'template'; parts: Expression[] }
  | { kind: 'tuple'; items: Expression[] }
  | { kind: 'object'; entries: { key: Expression; value: Expression }[] }
  | { kind: 'variable'; name: string }
  | { kind: 'index'; of: Expression; key: Expression }
  | { kind: 'splat'; of: Expression; keys: Expression[] }
  | { kind: 'call'; name: string; args: Expression[] }
  | { kind: 'unary'; operator: '!' | '-'; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'conditional'; condition: Expression; then: Expression; otherwise: Expression }
  | ForExpression;

export interface ForExpression {
  kind: 'for';
  keyName?: string;
  valueName: string;
  collection: Expression;
  /** Present: the result is an object. */
  key?: Expression;
  value: Expression;
  condition?: Expression;
  /** `...` after the value: values of equal keys are grouped into lists. */
  grouped: boolean;
}
