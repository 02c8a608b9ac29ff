import { limit } from '../../config/fields.ts'

export const limits = {
  webCode: limit(60, 60),
  webCodeRedeem: limit(60, 60),
}
