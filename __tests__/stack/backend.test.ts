import { describe, expect, it } from 'vitest';
import { BackendError, backendOf } from '../../src/stack/backend.ts';
import { synthesise } from './synthesis.ts';

describe('SMOOTHER_BACKEND', () => {
  it.each([undefined, '', 'local'])('%j means the local backend', (name) => {
    expect(backendOf(name)).toBe('local');
  });

  it('s3 means the s3 backend', () => {
    expect(backendOf('s3')).toBe('s3');
  });

  it('refuses any other name and lists the known ones', () => {
    expect(() => backendOf('gcs')).toThrow(BackendError);
    expect(() => backendOf('gcs')).toThrow('one of local, s3, not gcs');
  });
});

describe('the backend in the JSON', () => {
  it('s3 leaves bucket and key to terraform init', () => {
    expect(synthesise({ backend: 's3' }).terraform.backend).toEqual({ s3: { encrypt: true } });
  });

  it('is local by default', () => {
    expect(Object.keys(synthesise().terraform.backend)).toEqual(['local']);
  });
});

it('the JSON names the oldest Terraform that can apply it', () => {
  expect(synthesise().terraform.required_version).toBe('>= 1.5');
});
