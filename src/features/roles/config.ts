import { table } from '../../config/fields.ts'
import { type RoleRight, roleRights } from '../../protocol/roles.ts'
import { Type } from '../../protocol/schema.ts'

export const roles = Type.Unsafe<Record<string, readonly RoleRight[]>>({
  type: 'object',
  propertyNames: { pattern: '^(?!user$)[a-z][a-z0-9-]{0,31}$' },
  additionalProperties: { type: 'array', items: { type: 'string', enum: roleRights } },
  default: { support: ['disableUsers'], admin: ['disableUsers', 'disableStaff'] },
  description:
    'What each role may do by a ticket (torii role grant). disableUsers: disable and enable users who have no right here; disableStaff: also those who have',
})

export const tables = { roleGrants: table('role_grants') }
