import { table } from '../../config/fields.ts'

export const tables = { webhooks: table('webhooks'), deliveries: table('deliveries') }
