import { table } from '../../config/fields.ts'

export const tables = { settings: table('settings') }
