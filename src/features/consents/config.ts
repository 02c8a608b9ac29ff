import { limit, table } from '../../config/fields.ts'

export const tables = { consents: table('consents') }

export const limits = { consent: limit(60, 30) }
