import { limit } from '../../config/fields.ts'

export const limits = { hello: limit(60, 60) }
