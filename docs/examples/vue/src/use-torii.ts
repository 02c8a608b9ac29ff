// Vue: `useTorii(client)` gives the user as refs, and the verbs that change it. login-page.vue uses it.
import { type Client, type Credentials, isFailure, type Registration, type User } from '@torii/client'
import { ref, shallowRef } from 'vue'

/** `client` is made once, outside of components. */
export const useTorii = (client: Client) => {
  /** `asking` until the server has said whether there is a login. */
  const status = ref<'asking' | 'loggedOut' | 'loggedIn'>('asking')
  const user = shallowRef<User>()
  const problem = ref('')

  const show = (shown?: User) => {
    user.value = shown
    status.value = shown ? 'loggedIn' : 'loggedOut'
  }

  const follow = async (work: () => Promise<unknown>) => {
    problem.value = ''
    try {
      await work()
      show((await client.session()).user)
    } catch (error) {
      // Without an answer the login may well be good: leave what is shown.
      if (isFailure(error, 'NOT_LOGGED_IN')) show()
      else problem.value = error instanceof Error ? error.message : String(error)
    }
  }

  follow(async () => {})

  return {
    status,
    user,
    problem,
    login: (credentials: Credentials) => follow(() => client.login(credentials)),
    register: (registration: Registration) => follow(() => client.register(registration)),
    logout: () => follow(() => client.logout()),
  }
}
