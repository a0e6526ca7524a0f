/** What the doctor says of what lies around the stack: alarms that fire, code that is older, access to models. */
import { type Finding, fault, ok, unanswered, warning } from './findings.ts';
import type { Inspection, ModelAccess } from './inspection.ts';

const ALARMS = 'alarms';
const CODE = 'deployed code';
/** How an alarm's description ends (src/stack/monitoring.ts). */
const FIRST_COMMAND = /\s*First command: (.+)$/;
/** Who reads a finding has typed it already. */
const DOCTOR = /^smoother doctor\b/;

export function firingAlarms({ alarms: asked }: Inspection): Finding[] {
  if ('error' in asked) return [unanswered(ALARMS, asked)];
  if (asked.answer.length === 0) return [ok(ALARMS, 'none is raised')];
  return asked.answer.map(({ name, description }) => {
    const [, command = 'smoother lanes'] = FIRST_COMMAND.exec(description) ?? [];
    return fault(
      `alarm ${name}`,
      `${description.replace(FIRST_COMMAND, '')} (it is raised).`,
      DOCTOR.test(command)
        ? 'Look at the other findings, then at the saved query "errors" in CloudWatch Logs Insights; docs/operations.md lists each alarm'
        : `Begin with: ${command}`,
    );
  });
}

/** Whether what is deployed was built from the code that these commands run from. */
export function codeOf({ code: asked }: Inspection): Finding {
  if ('error' in asked) {
    return asked.error === 'NoCheckout'
      ? { check: CODE, severity: 'unknown', says: asked.says }
      : unanswered(CODE, asked);
  }
  const { others } = asked.answer;
  if (others.length === 0) return ok(CODE, 'is that of this checkout');
  return warning(
    CODE,
    `Another code than that of this checkout is deployed: ${others.join(', ')}.`,
    'Apply the stack from this checkout, or check out what is deployed',
  );
}

export function accessOf({ access: asked }: Inspection): Finding[] {
  if ('error' in asked) return [unanswered('access to models', asked)];
  return asked.answer.map(({ model, lanes, access }) => {
    const check = `access to ${model}`;
    if ('error' in access) {
      // Application inference profiles and imported models have ids that name no model.
      return /Validation|NotFound/.test(access.error)
        ? { check, severity: 'unknown', says: `Bedrock does not know it by this id: ${access.says}` }
        : unanswered(check, access);
    }
    return accessFinding(check, access.answer, lanes);
  });
}

const CONSOLE = 'in the Bedrock console of the stack\u2019s Region';

function accessFinding(check: string, access: ModelAccess, lanes: readonly string[]): Finding {
  const { authorized, agreement, entitled, inRegion } = access;
  if (!inRegion && lanes.some((lane) => lane.endsWith(':on-demand'))) {
    return fault(
      check,
      'The Region does not offer it.',
      'Use an inference profile of the model (such as us. or eu. before its id), or another Region',
    );
  }
  if (agreement !== 'AVAILABLE') {
    return fault(
      check,
      `Its agreement is ${agreement.toLowerCase().replaceAll('_', ' ')}.`,
      `Open the model ${CONSOLE}, and accept its terms; Anthropic asks for the use case once in an account`,
    );
  }
  if (!entitled)
    return fault(check, 'The account has no access to it.', `Request access to the model ${CONSOLE}`);
  if (!authorized) {
    return fault(
      check,
      'The account is not authorized to use it.',
      'Look for a service control policy that denies the model, and ask AWS Support if there is none',
    );
  }
  return ok(check, 'is given');
}
