import { limit, table, whole } from '../../config/fields.ts'

const megabyte = 1_000_000

export const exports = {
  keptSeconds: whole(3_600, 600, 86_400, 'A user may fetch an export for so long after it is ready'),
  maxBytes: whole(
    20 * megabyte,
    megabyte,
    1_000 * megabyte,
    'Bytes of one export; what is beyond is left out',
  ),
  maxBytesInAll: whole(
    1_000 * megabyte,
    megabyte,
    1_000_000 * megabyte,
    'Bytes of all exports together; then no further one begins until older ones have expired',
  ),
  maxWaiting: whole(1_000, 1, 100_000, 'Exports that may be in the making at once'),
}

export const limits = { export: limit(60, 30), exportPart: limit(60, 600) }

export const tables = { exports: table('exports'), exportParts: table('export_parts') }
