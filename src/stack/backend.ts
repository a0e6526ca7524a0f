import { LocalBackend, S3Backend, type S3BackendConfig } from 'cdktf';
import type { Construct } from 'constructs';

const BACKENDS = ['local', 's3'] as const;
export type Backend = (typeof BACKENDS)[number];

/**
 * The backend that `SMOOTHER_BACKEND` names; local when it is not set or empty.
 * @throws BackendError
 */
export function backendOf(name: string | undefined): Backend {
  const backend = BACKENDS.find((known) => known === (name || 'local'));
  if (backend === undefined) throw new BackendError(name);
  return backend;
}

export function defineBackend(stack: Construct, backend: Backend): void {
  if (backend === 'local') {
    // Relative to cdktf.out/stacks/<stack>: the state stays in the project's root, where no synthesis deletes it.
    new LocalBackend(stack, { path: `../../../terraform.${stack.node.id}.tfstate` });
  } else {
    // Without bucket and key: `terraform init -backend-config` gives them.
    new S3Backend(stack, { encrypt: true } as S3BackendConfig);
  }
}

export class BackendError extends Error {
  override readonly name = 'BackendError';
  constructor(readonly backend: string | undefined) {
    super(`SMOOTHER_BACKEND must be one of ${BACKENDS.join(', ')}, not ${backend}`);
  }
}
