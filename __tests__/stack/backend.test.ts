import { expect, test } from 'vitest';
import { BackendError } from '../../src/stack/backend.ts';
import { synthesise } from './synthesis.ts';

test('an s3 backend leaves bucket and key to terraform init', () => {
  expect(synthesise({ backend: 's3' }).terraform.backend).toEqual({ s3: { encrypt: true } });
});

test.each([undefined, '', 'local'])('%j means a local backend', (backend) => {
  expect(Object.keys(synthesise({ backend }).terraform.backend)).toEqual(['local']);
});

test('any other backend is refused with what there is', () => {
  expect(() => synthesise({ backend: 'gcs' })).toThrow(BackendError);
  expect(() => synthesise({ backend: 'gcs' })).toThrow('one of local, s3, not gcs');
});
