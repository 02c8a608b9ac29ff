import { Failure } from '../../src/protocol/errors.ts'
import { Refusal } from '../console/refusal.ts'

/** Says who is not there: a name typed wrong is the usual reason. */
export const named = async <T>(user: string, work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Failure) || error.entry.name !== 'USER_UNKNOWN') throw error
    const how = /^\d+$/.test(user) ? 'number' : 'name'
    throw new Refusal(`no user has the ${how} ${user}`)
  }
}
