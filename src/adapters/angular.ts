import type { HttpEvent, HttpHeaders, HttpInterceptorFn, HttpResponseBase } from '@angular/common/http'
import {
  afterNextRender,
  DestroyRef,
  inject,
  InjectionToken,
  Injector,
  runInInjectionContext,
  signal,
  type Signal,
  type ValueProvider,
} from '@angular/core'
import type { ActivatedRouteSnapshot, CanActivateFn, GuardResult, RouterStateSnapshot } from '@angular/router'
import { catchError, defer, switchMap, tap, type Observable } from 'rxjs'
import { sessionError } from '../errors.js'
import { credentials } from '../servers/credentials.js'
import { originsOf, type Origins } from '../util/origins.js'
import type { Session, Snapshot } from '../types.js'
import { remainingSeconds, watchRemaining } from '../countdown.js'
import { DEVELOPMENT } from '../util/development.js'
import { createViews, type SessionView } from '../util/session-view.js'

export type { Origins }
export type { SessionView } from '../util/session-view.js'

/** The token of {@link provideSession}: `inject(SESSION)` is the session. */
export const SESSION: InjectionToken<Session> = /* @__PURE__ */ new InjectionToken<Session>('sojourn')

/** What the server knew, until the first render is done. On a server that never is. */
interface Initial {
  readonly session: Session
  snapshot?: Snapshot | undefined
}

const INITIAL = /* @__PURE__ */ new InjectionToken<Initial>('sojourn initial')

/**
 * Provides a session to the application, or to a component and all below it. Create the session in a module of its own, once for
 * the page.
 *
 * @example In the application's configuration
 * ```ts
 * bootstrapApplication(App, { providers: [provideSession(session)] })
 * ```
 *
 * `initial` is what the server knew when it rendered the page: the components show it on the server, and in the page until they
 * are hydrated and the session knows better. Without it they show `loading` on the server.
 *
 * @example On a server that has found nobody signed in
 * ```ts
 * bootstrapApplication(App, { providers: [provideSession(session, { phase: 'signedOut', reason: null, endedAt: null })] })
 * ```
 */
export function provideSession(session: Session): ValueProvider
export function provideSession(session: Session, initial: Snapshot): ValueProvider[]
export function provideSession(session: Session, initial?: Snapshot): ValueProvider | ValueProvider[] {
  const provider = { provide: SESSION, useValue: session }
  return initial ? [provider, { provide: INITIAL, useValue: { session, snapshot: initial } }] : provider
}

function requireSession<S extends Session>(session?: S): S {
  // The application says which kind of session it has provided.
  const found = session ?? (inject(SESSION, { optional: true }) as S | null)
  if (typeof found?.getSnapshot !== 'function')
    throw sessionError('invalid_options', DEVELOPMENT && 'No session: add provideSession(session) to the providers.')
  return found
}

/**
 * `valuesOf`: what is shown first, where the server knew something, and what the session knows. The server knew it of the session that
 * was provided with it, and of no other that is provided below.
 */
function follow<T>(
  session: Session,
  valuesOf: (known?: Snapshot) => { readonly first: T; readonly read: () => T },
  watch: (listener: () => void) => () => void,
): Signal<T> {
  const given = inject(INITIAL, { optional: true })
  const initial = given?.session === session ? given : null
  const { first, read } = valuesOf(initial?.snapshot)
  const value = (): T => (initial?.snapshot ? first : read())
  const shown = signal(value())
  const update = (): void => {
    shown.set(value())
  }
  const show = (): void => {
    try {
      update()
    } catch {
      // A `computed` or a template that looks at the session has found a change, and may write no signal.
      queueMicrotask(update)
    }
  }
  if (initial?.snapshot)
    afterNextRender(() => {
      // For components that are made later as well.
      initial.snapshot = undefined
      show()
    })
  inject(DestroyRef).onDestroy(watch(show))
  return shown.asReadonly()
}

/**
 * The snapshot with its session: of the given one, or of the provided one. It is updated until the caller's context is destroyed.
 * On a server, and during hydration, it is what `provideSession` was given as `initial`. Without that it is `loading` on a server.
 * Call it in an injection context.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example The phase
 * ```ts
 * class Account {
 *   readonly view = injectSession()
 *   readonly isSignedOut = computed(() => this.view().phase === 'signedOut')
 *   leave() {
 *     return this.view().session.signOut()
 *   }
 * }
 * ```
 */
export function injectSession<S extends Session = Session>(session?: S): Signal<SessionView<S>> {
  const found = requireSession(session)
  return follow(
    found,
    (known) => createViews(found, known),
    (listener) => found.subscribe(listener),
  )
}

/**
 * Whole seconds until the end during a warning, null otherwise. The value changes once a second, only during a warning and while
 * the page is visible. Call it in an injection context.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example A countdown
 * ```ts
 * class Warning {
 *   readonly seconds = injectRemaining()
 * }
 * ```
 */
export function injectRemaining(session?: Session): Signal<number | null> {
  const found = requireSession(session)
  return follow(
    found,
    () => ({ first: null, read: () => remainingSeconds(found) }),
    (listener) => watchRemaining(found, listener),
  )
}

/**
 * A guard that allows a route unless the phase is `signedOut`, by the clock at that moment. If it is, the result of `otherwise`
 * decides about the navigation; `otherwise` may call `inject`. On a server the guard allows every route, because only the page
 * knows who is signed in.
 *
 * @example A redirect to the login page, which returns the user afterwards
 * ```ts
 * const signedIn = sessionGuard((_route, { url }) =>
 *   inject(Router).createUrlTree(['/login'], { queryParams: { returnTo: url } }),
 * )
 * const routes: Routes = [{ path: 'account', component: Account, canActivate: [signedIn] }]
 * ```
 */
export function sessionGuard(
  otherwise: (route: ActivatedRouteSnapshot, state: RouterStateSnapshot) => GuardResult | Promise<GuardResult>,
): CanActivateFn {
  return async (route, state) => {
    const session = requireSession()
    const injector = inject(Injector)
    await session.ready
    return session.check().phase !== 'signedOut' || runInInjectionContext(injector, () => otherwise(route, state))
  }
}

/** Options of {@link sessionInterceptor}. */
export interface InterceptorOptions {
  /**
   * Exact origins (scheme, host, port) that get credentials, such as `'https://api.example.com'`. An object gives each origin the
   * resource that its token is for (RFC 8707), `''` for none in particular. @default the page's own
   */
  origins?: Origins
}

const namesAndValues = (headers: HttpHeaders): [string, string][] =>
  headers.keys().map((name) => [name, String(headers.getAll(name))])

/**
 * Adds the session's credentials to requests of `HttpClient` to `origins`. Like `createFetch` it sends a request again, once for
 * each remedy: with a newer token after a 401, or with a fresh nonce. It leaves other requests unchanged, those that have an
 * `Authorization` header already, and all requests while nobody is signed in.
 *
 * Use it with `withFetch()`: then a request with credentials follows no redirect. XMLHttpRequest follows every redirect; Angular
 * warns of that during development.
 *
 * @throws SessionError `invalid_options` for what is no list of origins
 * @example An API on another origin
 * ```ts
 * provideHttpClient(withFetch(), withInterceptors([sessionInterceptor({ origins: ['https://api.example.com'] })]))
 * ```
 */
export function sessionInterceptor(options: InterceptorOptions = {}): HttpInterceptorFn {
  const resourceOf = originsOf('sessionInterceptor', options.origins)
  return (request, next) => {
    const session = requireSession()
    // A server has no session, and no origin to resolve a path against.
    if (!(globalThis as Partial<typeof globalThis>).location) return next(request)
    const plainRequest = new Request(request.urlWithParams, {
      method: request.method,
      headers: namesAndValues(request.headers),
    })
    const resource = resourceOf(plainRequest.url)
    if (resource === undefined || plainRequest.headers.has('Authorization')) return next(request)

    const send = (authorized: Request, replays: number): Observable<HttpEvent<unknown>> => {
      const headers = [...authorized.headers]
      // Angular resolves the URL when it sends the request, and a script may have set a `<base>` since it was checked.
      const isSameUrl = new Request(request.urlWithParams).url === plainRequest.url
      const isChanged = isSameUrl && String(headers) !== String([...plainRequest.headers])
      const authorizeRetry = async (answer: HttpResponseBase): Promise<Request | null> => {
        // `Response` takes no other status, and 0 means that there was no response.
        if (!(answer.status > 199 && answer.status < 600)) return null
        const init = { status: answer.status, headers: namesAndValues(answer.headers) }
        const response = Object.defineProperties(new Response(null, init), {
          url: { value: answer.url ?? plainRequest.url },
          redirected: { value: answer.redirected },
        })
        return credentials(session).authorize(plainRequest.clone(), { request: authorized, response })
      }
      return next(
        isChanged
          ? request.clone({
              setHeaders: Object.fromEntries(headers),
              redirect: request.redirect === 'manual' ? 'manual' : 'error',
            })
          : request,
      ).pipe(
        tap((event) => {
          // A successful response may have the nonce for the next request (RFC 9449 §8.2).
          if ('body' in event) void authorizeRetry(event)
        }),
        catchError((error: Error & HttpResponseBase) =>
          defer(() => authorizeRetry(error)).pipe(
            switchMap((better) => {
              if (!better || !replays) throw error
              return send(better, replays - 1)
            }),
          ),
        ),
      )
    }

    // For each subscription: an interceptor that retries subscribes again.
    return defer(
      () =>
        credentials(session)
          .authorize(plainRequest.clone(), undefined, resource)
          .catch((error: unknown) => {
            if ((error as { code?: unknown }).code !== 'signed_out') throw error
          }),
      // At most one replay for a nonce and one for a refresh.
    ).pipe(switchMap((authorized) => send(authorized ?? plainRequest, 2)))
  }
}
