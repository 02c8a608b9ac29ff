import { limit } from '../../config/fields.ts'

export const limits = { reauth: limit(60, 30) }
