import { limit, table, texts, whole } from '../../config/fields.ts'
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

export const users = {
  renameDays: whole(30, 1, 3_650, 'A user name can be changed once in so many days'),
  holdNameDays: whole(
    90,
    0,
    3_650,
    'A user name that was given up is free for no other user for so many days',
  ),
  iconHosts: texts('Hosts that icons may come from (cdn.example.com, *.example.com); empty: any'),
  paramsPerUser: whole(320, 1, 10_000, 'Members that apps have declared, of one user in all apps together'),
  profilesPerDay: whole(3_000, 1, 1_000_000, 'Profiles of others that a user looks at a day'),
  findsPerDay: whole(300, 1, 100_000, 'Searches of a user a day'),
  addressFindsPerDay: whole(50, 1, 100_000, 'Those of them by e-mail or phone'),
  findsOfAppPerDay: whole(1_000_000, 0, 1_000_000_000, 'Searches of all users of an app a day; 0: no limit'),
}

export const limits = {
  profile: limit(60, 120),
  profileChange: limit(60, 20),
  userFind: limit(60, 30),
}

export const tables = {
  users: table('users'),
  heldNames: table('held_names'),
  profiles: table('profiles'),
  profileParams: table('profile_params'),
}
