import { limit } from '../../config/fields.ts'

export const limits = { userOp: limit(60, 60) }
