import type { AppCaller, Operation } from '../../http/caller.ts'
import {
  type LoginInput,
  loginShape,
  type PreloginInput,
  preloginShape,
  type RegisterInput,
  registerShape,
  type WelcomeReply,
} from './wire.ts'

export type AccountVerbs = {
  prelogin(input: PreloginInput): Promise<Record<string, unknown>>
  register(input: RegisterInput, caller: AppCaller): Promise<WelcomeReply>
  login(input: LoginInput, caller: AppCaller): Promise<WelcomeReply>
}

export const createAccountOperations = ({ prelogin, register, login }: AccountVerbs): Operation[] => [
  {
    ...preloginShape,
    handle: async (input: PreloginInput) => ({ code: 'OK', ...(await prelogin(input)) }),
  },
  {
    ...registerShape,
    handle: async (input: RegisterInput, caller: AppCaller) => ({
      code: 'REGISTERED',
      ...(await register(input, caller)),
    }),
  },
  {
    ...loginShape,
    handle: async (input: LoginInput, caller: AppCaller) => ({
      code: 'LOGGED_IN',
      ...(await login(input, caller)),
    }),
  },
]
