import type { ActorRef } from '@tanist/core'
import type { Lives, OperateOutcome } from './peer/index.js'
import type { AnySingleton, Singleton } from './singleton/index.js'

/** What operators do about singletons. */
export interface OperateSingletons {
  /**
   * Has the server start a singleton again that was stopped because it failed; what is known of its failures is
   * forgotten. Asked at any member; done at once when it runs. Refused with the sentence why it does not run.
   */
  restartSingleton<P>(singleton: Singleton<P>): Promise<OperateOutcome>
}

export function operateSingletons(lives: Lives, known: readonly AnySingleton[]): OperateSingletons {
  return {
    restartSingleton: (singleton) =>
      new Promise((resolve) => {
        check(known, singleton)
        lives.restartSingleton(singleton.name, resolve)
      }),
  }
}

/** The refs of a peer to its singletons, the same one each time; they lead on through all identities of the peer. */
export function singletonRefs(
  lives: Lives,
  known: readonly AnySingleton[],
): <P>(singleton: Singleton<P>) => ActorRef<P> {
  return <P>(singleton: Singleton<P>) => {
    check(known, singleton)
    // Its protocol is that of the singleton by that name.
    return lives.core.singletons.ref(singleton.name) as ActorRef<P>
  }
}

function check(known: readonly AnySingleton[], { name }: { readonly name: string }): void {
  if (known.some((one) => one.name === name)) return
  const names = known.map((one) => one.name).join(', ')
  throw new TypeError(`The singleton '${name}' is not among those this peer joined with: ${names || 'none'}.`)
}
