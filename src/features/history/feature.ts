/** The history of a user: sign-ins, changes of the account, and failed logins, as the user sees them. */
import { feature, operation, type World } from '../feature.ts'
import { createHistory, type HistoryNeeds } from './history.ts'
import { historyShape } from './wire.ts'

export const userHistory = feature({
  create: ({ db, clock, cursors }: World, needs: Omit<HistoryNeeds, 'db' | 'clock' | 'cursors'>) => {
    const history = createHistory({ ...needs, db, clock, cursors })
    return {
      api: {},
      operations: [
        operation(historyShape)(async (input, caller) => ({ code: 'OK', ...(await history(input, caller)) })),
      ],
    }
  },
})
