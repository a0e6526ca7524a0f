import { LocalBackend, S3Backend, type S3BackendConfig } from 'cdktf';
import type { Construct } from 'constructs';

/** `s3` comes without its bucket and key: `terraform init -backend-config` gives them. */
export const BACKENDS = ['local', 's3'] as const;

/** @throws BackendError when the environment names another one. An empty value is missing. */
export function defineBackend(stack: Construct, backend: string | undefined): void {
  switch (backend || 'local') {
    case 'local':
      // Relative to cdktf.out/stacks/<stack>: the state stays in the project's root, where no synthesis cleans up.
      new LocalBackend(stack, { path: `../../../terraform.${stack.node.id}.tfstate` });
      return;
    case 's3':
      new S3Backend(stack, { encrypt: true } as S3BackendConfig);
      return;
    default:
      throw new BackendError(backend);
  }
}

export class BackendError extends Error {
  override readonly name = 'BackendError';
  constructor(readonly backend: string | undefined) {
    super(`SMOOTHER_BACKEND must be one of ${BACKENDS.join(', ')}, not ${backend}`);
  }
}
