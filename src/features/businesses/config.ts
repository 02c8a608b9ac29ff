import { table } from '../../config/fields.ts'

export const tables = { businesses: table('businesses') }
