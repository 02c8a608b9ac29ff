import { table } from '../../config/fields.ts'

export const tables = { roleGrants: table('role_grants') }
