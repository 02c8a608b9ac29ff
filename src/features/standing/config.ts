import { table } from '../../config/fields.ts'

export const tables = { withheldCapabilities: table('withheld_capabilities') }
