/* @coatcheck/client 0.1.0, Apache-2.0 */
/** The user who is signed in, as the server describes the account. */
export interface User {
    id: string;
    username: string;
    email: string | null;
    roles: string[];
    /** The application's own claims, from the user's record. */
    claims: Record<string, unknown>;
}
/** One of the user's sessions: a browser, a phone, a script. */
export interface SessionInfo {
    id: string;
    device: string;
    address: string;
    created_at: number;
    last_used_at: number;
    idle_expires_at: number;
    expires_at: number;
    delivery: 'hybrid' | 'body' | 'cookie';
    /** True for the session that made the request. */
    current: boolean;
}
/** Codes that the server does not send, because the client makes them itself. */
export type LocalCode = 'network_error' | 'user_changed' | 'invalid_answer';
/** The only error of this package. But aborting a call throws the signal's reason, as `fetch` does. */
export declare class CoatcheckError extends Error {
    /** The server's `code`, such as `invalid_credentials` or `too_many_attempts`, or a local one. */
    readonly code: LocalCode | (string & {});
    /** The HTTP status; 0 if no answer arrived. */
    readonly status: number;
    /** Seconds to wait before another attempt, if the server names them. */
    readonly retryAfter?: number | undefined;
    /** The member of the request body that is wrong, if the server names one. */
    readonly member?: string | undefined;
    constructor(
    /** The server's `code`, such as `invalid_credentials` or `too_many_attempts`, or a local one. */
    code: LocalCode | (string & {}), message?: string, 
    /** The HTTP status; 0 if no answer arrived. */
    status?: number, 
    /** Seconds to wait before another attempt, if the server names them. */
    retryAfter?: number | undefined, 
    /** The member of the request body that is wrong, if the server names one. */
    member?: string | undefined);
}
/** Where the older client kept its token. */
export type Adopt = {
    localStorage: string;
} | {
    sessionStorage: string;
} | {
    cookie: string;
};
export interface AttachOptions {
    fetch?: boolean;
    /** True: every XMLHttpRequest that the page opens from now on. Or a single request, before it is opened. */
    xhr?: boolean | XMLHttpRequest;
    /** More origins that get the token, from now on. */
    to?: string[];
}
export type Storage = 'memory' | 'cookie' | 'localStorage' | 'sessionStorage' | 'scriptCookie';
/** What the page knows. Replaced, never changed: compare by identity. */
export type Session = {
    readonly status: 'unknown';
} | {
    readonly status: 'signed-out' /** The server's code where the session was ended elsewhere. */;
    readonly reason?: string | undefined;
} | {
    readonly status: 'signed-in';
    readonly user: User;
    /** When the access token expires, in milliseconds by this machine's clock. It is refreshed by itself. */
    readonly expiresAt: number;
};
/** Something that was found where the session is kept, and cleared because it could not be used. */
export interface Discarded {
    /** The key or cookie that it was found in. */
    key: string;
    reason: 'corrupt' | 'foreign' | 'refused';
}
export interface ClientOptions {
    /** Where Coatcheck answers, such as `https://auth.example.com`; the page's own origin if left out. */
    url?: string;
    storage?: Storage;
    /** Origins that get the token, besides the page's own and Coatcheck's. */
    to?: string[];
    /** Where a user signs in. The default `onSignInRequired` goes there. */
    signInPage?: string;
    /**
     * Called when an API said 401 and nobody is signed in. `returnTo` is the path of this page, which `returnAddress()` gives
     * back after sign-in.
     */
    onSignInRequired?: (returnTo: string) => void;
    /** Told of whatever was found in storage and cleared. */
    onDiscarded?: (discarded: Discarded) => void;
    /** A token that an older client of yours left behind, to be taken over once. */
    adopt?: Adopt;
    /** The name of the session in storage; two clients of one page need two. */
    key?: string;
    /** Milliseconds that a call to Coatcheck may take. */
    timeout?: number;
}
export interface Credentials {
    /** The name or the e-mail address. */
    username: string;
    password: string;
    /** False: the session ends after 12 hours at most. */
    remember?: boolean;
    /** What the list of sessions calls this browser. */
    device?: string;
}
interface Abortable {
    signal?: AbortSignal;
}
export interface Client {
    readonly session: Session;
    /** Calls at once, and on each change; gives the function that ends it. */
    subscribe(listener: (session: Session) => void): () => void;
    /** Waits until it is known whether somebody is signed in. Rejects with `network_error` where the server cannot be asked. */
    ready(options?: Abortable): Promise<Session>;
    signIn(credentials: Credentials, options?: Abortable): Promise<User>;
    /** Ends this session, on the server first: if that fails, it throws and nothing has changed. */
    signOut(options?: Abortable): Promise<void>;
    signOutEverywhere(options?: Abortable): Promise<void>;
    readonly sessions: {
        list(options?: Abortable): Promise<SessionInfo[]>;
        end(id: string, options?: Abortable): Promise<void>;
    };
    /** `fetch` with the token, to the origins that may have it; after a 401 one refresh and one more attempt. */
    fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
    /** An access token that is good for a while; null where nobody is signed in or scripts have none (`cookie`). */
    token(options?: Abortable): Promise<string | null>;
    /** Refreshes now. Rejects only if the server did not say yes or no. */
    refresh(options?: Abortable): Promise<Session>;
    /** Covers the page's own `fetch` and `XMLHttpRequest`, and so what is built on them; gives the function that undoes it. */
    attach(options: AttachOptions): () => void;
    /** True for an address that gets the token. */
    reaches(url: string | URL): boolean;
    /** For adapters: what to add to a request. Nothing where it does not go to a listed origin, or nobody is signed in. */
    headersFor(url: string | URL, method?: string, options?: Abortable): Promise<Record<string, string>>;
    /** For adapters, after a 401 for those headers: true if headersFor() has newer ones now; else sign-in is required. */
    refused(headers: Record<string, string>, options?: Abortable): Promise<boolean>;
    /** For adapters: whether cookies have to go along to other origins. */
    readonly withCredentials: boolean;
    /** Where the user was before sign-in: a path of this origin, `/` if the address names none. */
    returnAddress(): string;
}
export declare function createClient(options?: ClientOptions): Client;
