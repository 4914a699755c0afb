import type { HttpEvent, HttpHeaders, HttpInterceptorFn, HttpResponseBase } from '@angular/common/http'
import {
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
import { originsOf } from '../util/origins.js'
import type { Session, Snapshot } from '../types.js'
import { remainingSeconds, watchRemaining } from '../countdown.js'

/** The session of {@link provideSession}: `inject(SESSION)` where a component or service calls `extend()` or `signOut()`. */
export const SESSION: InjectionToken<Session> = /* @__PURE__ */ new InjectionToken<Session>('sojourn')

/**
 * Gives a session to the application, or to what is below a component. Make it in a module of its own, once for the page.
 *
 * @example In the application's configuration
 * ```ts
 * bootstrapApplication(App, { providers: [provideSession(session)] })
 * ```
 */
export function provideSession(session: Session): ValueProvider {
  return { provide: SESSION, useValue: session }
}

function requireSession(session?: Session): Session {
  const found = session ?? inject(SESSION, { optional: true })
  if (!found) throw sessionError('invalid_options', 'No session: add provideSession(session) to the providers.')
  return found
}

function follow<T>(read: () => T, watch: (listener: () => void) => () => void): Signal<T> {
  const shown = signal(read())
  inject(DestroyRef).onDestroy(
    watch(() => {
      shown.set(read())
    }),
  )
  return shown.asReadonly()
}

/**
 * The picture of the session that is given, or of the provided one, until whatever called this is destroyed. On a server the
 * phase is `loading`. To be called where `inject` may be.
 *
 * @throws SessionError `invalid_options` where there is no session
 * @example What to show
 * ```ts
 * class Account {
 *   readonly snapshot = injectSession()
 *   readonly isSignedOut = computed(() => this.snapshot().phase === 'signedOut')
 * }
 * ```
 */
export function injectSession(session?: Session): Signal<Snapshot> {
  const found = requireSession(session)
  return follow(
    () => found.getSnapshot(),
    (listener) => found.subscribe(listener),
  )
}

/**
 * Whole seconds until the end while warned, null otherwise; changes once a second, and only while warned and visible. To be
 * called where `inject` may be.
 *
 * @throws SessionError `invalid_options` where there is no session
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
    () => remainingSeconds(found),
    (listener) => watchRemaining(found, listener),
  )
}

/**
 * Lets a route be activated while nobody is signed out, by the clock at that moment; otherwise `otherwise` says what becomes of
 * the navigation. It may call `inject`. On a server everybody may pass: who is signed in is only known in the page.
 *
 * @example To the login page, and back again
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

/** Who gets credentials from {@link sessionInterceptor}. */
export interface InterceptorOptions {
  /** Exact origins (scheme, host, port) that get credentials, such as `'https://api.example.com'`. @default the page's own */
  origins?: readonly string[]
}

const namesAndValues = (headers: HttpHeaders): [string, string][] =>
  headers.keys().map((name) => [name, String(headers.getAll(name))])

/**
 * Adds the session's credentials to requests of `HttpClient` to `origins`, and does once what an answer asks for, as
 * `createFetch` does: a refresh after a 401, a fresh nonce. Other requests are left alone, and so are those that bring an
 * `Authorization` of their own, and all while nobody is signed in.
 *
 * Use it with `withFetch()`: a request with credentials then follows no redirect, wherever it leads. XMLHttpRequest cannot be
 * told so, and Angular warns of that during development.
 *
 * @throws SessionError `invalid_options` for what is no list of origins
 * @example An API on another origin
 * ```ts
 * provideHttpClient(withFetch(), withInterceptors([sessionInterceptor({ origins: ['https://api.example.com'] })]))
 * ```
 */
export function sessionInterceptor(options: InterceptorOptions = {}): HttpInterceptorFn {
  const isAllowed = originsOf('sessionInterceptor', options.origins)
  return (request, next) => {
    const session = requireSession()
    // On a server there is nobody to act for, and a path leads nowhere.
    if (!(globalThis as Partial<typeof globalThis>).location) return next(request)
    const plainRequest = new Request(request.urlWithParams, {
      method: request.method,
      headers: namesAndValues(request.headers),
    })
    if (!isAllowed(plainRequest.url) || plainRequest.headers.has('Authorization')) return next(request)

    const send = (authorized: Request, replays: number): Observable<HttpEvent<unknown>> => {
      const headers = [...authorized.headers]
      // A `<base>` may have been set while the credentials were awaited, and Angular resolves the URL when it sends.
      const isSameUrl = new Request(request.urlWithParams).url === plainRequest.url
      const isChanged = isSameUrl && String(headers) !== String([...plainRequest.headers])
      const authorizeRetry = async (answer: HttpResponseBase): Promise<Request | null> => {
        // Others are no answers, or cannot be shown as one.
        if (!(answer.status > 199 && answer.status < 600)) return null
        const response = new Response(null, { status: answer.status, headers: namesAndValues(answer.headers) })
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
          // A right answer may bring the nonce for the next request (RFC 9449 §8.2).
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

    // Anew for each subscription, for interceptors that try again.
    return defer(
      () =>
        credentials(session)
          .authorize(plainRequest.clone())
          .catch((error: unknown) => {
            if ((error as { code?: unknown }).code !== 'signed_out') throw error
          }),
      // At the most a nonce and a refresh.
    ).pipe(switchMap((authorized) => send(authorized ?? plainRequest, 2)))
  }
}
