import { table } from '../../config/fields.ts'

export const tables = { identities: table('identities') }
