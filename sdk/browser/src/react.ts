// SPDX-License-Identifier: Apache-2.0
// import { CoatcheckProvider, useSession, useUser, SignedIn, SignedOut } from '@coatcheck/client/react'
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useSyncExternalStore,
} from 'react';
import type { Client, Session, User } from './index.js';

const Context = createContext<Client | undefined>(undefined);
// During rendering on a server it is not known who is signed in. The page finds out.
const UNKNOWN: Session = { status: 'unknown' };

/** Gives the client to all components below it. */
export function CoatcheckProvider({
  client,
  children,
}: {
  client: Client;
  children?: ReactNode;
}): ReactElement {
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the nearest provider. */
export function useCoatcheck(): Client {
  const client = useContext(Context);
  if (!client) throw new Error('useCoatcheck needs a <CoatcheckProvider client={…}> above it.');
  return client;
}

/** The session. The component renders again when it changes. */
export function useSession(): Session {
  const client = useCoatcheck();
  return useSyncExternalStore(
    client.subscribe,
    () => client.session,
    () => UNKNOWN,
  );
}

/** The user, or null while no user is known to be signed in. */
export function useUser(): User | null {
  const session = useSession();
  return session.status === 'signed-in' ? session.user : null;
}

/** Shows its children while a user is signed in. */
export function SignedIn({ children }: { children?: ReactNode }): ReactNode {
  return useSession().status === 'signed-in' ? children : null;
}

/** Shows its children once it is known that no user is signed in. */
export function SignedOut({ children }: { children?: ReactNode }): ReactNode {
  return useSession().status === 'signed-out' ? children : null;
}
