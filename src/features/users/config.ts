import { table } from '../../config/fields.ts'
import { Type } from '../../protocol/schema.ts'

export const names = {
  reserved: Type.Array(Type.String({ minLength: 1, maxLength: 45 }), {
    default: [
      ...[
        'admin',
        'administrator',
        'root',
        'system',
        'moderator',
        'support',
        'security',
        'official',
        'staff',
      ],
      ...['webmaster', 'postmaster', 'service', 'help', 'torii', 'null', 'undefined', 'anonymous', 'guest'],
      ...['管理员', '系统管理员', '客服', '官方', '系统', '版主', '站长'],
    ],
    description: 'User names that cannot be registered, nor can names that look like them',
  }),
}

export const tables = {
  users: table('users'),
}
