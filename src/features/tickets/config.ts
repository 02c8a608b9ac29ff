import { limit, table, whole } from '../../config/fields.ts'

export const limits = {
  session: limit(60, 600),
  exchange: limit(60, 60),
  logout: limit(60, 60),
}

export const tickets = {
  a2Seconds: whole(2_592_000, 60, 31_536_000, 'Life of an A2 from the login'),
  a2IdleSeconds: whole(0, 0, 31_536_000, 'An A2 that is not exchanged for this long ends; 0: none does'),
  skeySeconds: whole(172_800, 60, 2_592_000, 'Longest life of an SKey'),
  skeyIdleSeconds: whole(3_000, 10, 2_592_000, 'An SKey that is not used for this long ends'),
  loginsPerUser: whole(100, 1, 10_000, 'Logins of one user at a time; with one more the oldest ends'),
  retrySeconds: whole(10, 1, 600, 'For this long the previous A2 counts as a retry'),
}

export const tables = { logins: table('logins') }
