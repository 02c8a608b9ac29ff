import { limit } from '../../config/fields.ts'

export const limits = { userHistory: limit(60, 60) }
