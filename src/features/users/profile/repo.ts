import type { Executor } from '../../../adapters/db/index.ts'
import { createStatement } from '../../../adapters/db/statement.ts'
import type { ProfileParamRow, ProfileRow, UserRow } from '../tables.ts'

const personColumns = [
  'u.userId',
  'u.userName',
  'u.nickName',
  'u.renamedAt',
  'p.gender',
  'p.birthday',
  'p.region',
  'p.introduction',
  'p.icon',
  'p.language',
  'p.genderFor',
  'p.birthdayFor',
  'p.ageFor',
  'p.regionFor',
  'p.introductionFor',
  'p.languageFor',
  'p.findByEmail',
  'p.findByPhone',
  'p.findByNickName',
] as const

/** Names and profile; of a user who never set any all columns of the profile are null. */
export const selectPersons = (db: Executor) =>
  db.selectFrom('users as u').leftJoin('profiles as p', 'p.userId', 'u.userId').select(personColumns)

const personStatement = createStatement((db, { userId }: { userId: number }) =>
  selectPersons(db).where('u.userId', '=', userId),
)

export type PersonRow = Awaited<ReturnType<typeof personStatement>>['rows'][number]

export const findPerson = async (db: Executor, userId: number): Promise<PersonRow | undefined> =>
  (await personStatement(db, { userId })).rows[0]

export const findUser = (
  db: Executor,
  userId: number,
): Promise<
  (Pick<UserRow, 'nickName' | 'userName' | 'skeleton'> & { renamedAt: number | null }) | undefined
> =>
  db
    .selectFrom('users')
    .select(['nickName', 'userName', 'skeleton', 'renamedAt'])
    .where('userId', '=', userId)
    .executeTakeFirst()

export type ProfileChange = Partial<Omit<ProfileRow, 'userId' | 'updatedAt' | FindColumn>> & {
  [Column in FindColumn]?: number
}
type FindColumn = 'findByEmail' | 'findByPhone' | 'findByNickName'

/** Only the columns that are given change, in one statement, so that changes of two devices at once both stay. */
export const upsertProfile = async (
  trx: Executor,
  userId: number,
  change: ProfileChange,
  nowMs: number,
): Promise<void> => {
  const changed = { ...change, updatedAt: nowMs }
  const none = {
    gender: null,
    birthday: null,
    region: null,
    introduction: null,
    icon: null,
    language: null,
    genderFor: null,
    birthdayFor: null,
    ageFor: null,
    regionFor: null,
    introductionFor: null,
    languageFor: null,
  }
  await trx
    .insertInto('profiles')
    .values({ ...none, ...changed, userId })
    .onConflict((conflict) => conflict.column('userId').doUpdateSet(changed))
    .execute()
}

/** In the transaction that holds the row of the profile: no other change of this user runs. */
export const findNick = (trx: Executor, userId: number) =>
  trx
    .selectFrom('users')
    .innerJoin('profiles', 'profiles.userId', 'users.userId')
    .select(['users.nickName', 'profiles.findByNickName'])
    .where('users.userId', '=', userId)
    .executeTakeFirst()

export const updateNick = async (
  trx: Executor,
  userId: number,
  change: Pick<UserRow, 'nickName' | 'nickKey' | 'updatedAt'>,
): Promise<void> => {
  await trx.updateTable('users').set(change).where('userId', '=', userId).execute()
}

export const findParams = (db: Executor, userId: number, appId: string) =>
  db
    .selectFrom('profileParams')
    .select(['name', 'value'])
    .where('userId', '=', userId)
    .where('appId', '=', appId)
    .execute()

export const upsertParams = async (trx: Executor, rows: readonly ProfileParamRow[]): Promise<void> => {
  await trx
    .insertInto('profileParams')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['userId', 'appId', 'name']).doUpdateSet((eb) => ({
        value: eb.ref('excluded.value'),
        updatedAt: eb.ref('excluded.updatedAt'),
      })),
    )
    .execute()
}

export const removeParams = async (
  trx: Executor,
  { userId, appId, names }: { userId: number; appId: string; names: readonly string[] },
): Promise<void> => {
  await trx
    .deleteFrom('profileParams')
    .where('userId', '=', userId)
    .where('appId', '=', appId)
    .where('name', 'in', names)
    .execute()
}

/** For the export. */
export const collectProfile = (db: Executor, userId: number) =>
  db.selectFrom('profiles').selectAll().where('userId', '=', userId).execute()

export const deleteProfile = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('profiles').where('userId', '=', userId).execute()
}

export const deleteParams = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('profileParams').where('userId', '=', userId).execute()
}

/** For the export: `users.paramsPerUser` at most. */
export const collectParams = (db: Executor, userId: number) =>
  db.selectFrom('profileParams').select(['appId', 'name', 'value']).where('userId', '=', userId).execute()

/** Of all apps. */
export const countParams = async (db: Executor, userId: number): Promise<number> => {
  const { count } = await db
    .selectFrom('profileParams')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('userId', '=', userId)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Of an app that is removed. */
export const removeParamsOfApp = async (db: Executor, appId: string, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('profileParams')
    .where('appId', '=', appId)
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
